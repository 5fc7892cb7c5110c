// Package consent keeps who decided what about a tool's telemetry, and answers
// the one question that everything else depends on: may this event be sent?
//
// Two principles decide every doubt. Refusal can come from anyone, consent only
// from the person; and what was not agreed to does not leave the machine.
//
// [Gather] collects the facts, [Decide] judges them by rules that stand in that
// one function, and [Verdict.Permit] gives out the proof that a send needs. No
// other package can make one, so that sending without asking does not compile.
package consent
