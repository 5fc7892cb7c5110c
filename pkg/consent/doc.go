// Package consent keeps who decided what about a tool's telemetry, and answers
// the one question that everything else depends on: may this event be sent?
//
// Two principles decide every doubt. Refusal can come from anyone, consent only
// from the person; and what was not agreed to does not leave the machine.
//
// # Asking
//
// Start with [Store.Ask]: it collects the facts ([Gather]), judges them by the rules
// ([Decide], which reads nothing but what it is given), and returns both. What is
// sent takes a [Permit], which only [Verdict.Permit] gives out, so that sending
// without asking does not compile. Ask again before each delivery: a person may have
// refused since. [RefusedAt] says when a refusal was in force last, and so which
// events were taken before it.
//
// [ReadRecorded] is for something else: for telling programs that do not ask, whatever
// the environment says.
//
// # Deciding
//
// [Store.Grant], [Store.GrantOwn], [Store.Refuse], [Store.Lift] and
// [Store.Acknowledge] record what a person decided, each in one call. Refusals for
// everybody on a machine, or in an image that is being built, are in a [SystemStore].
//
// # Concurrency
//
// Decisions are files, and what they say counts from the next question on, in every
// process. Any number of goroutines and processes may ask and decide at once: a reader
// sees the decision before or the one after, and the last one that is written counts.
// Facts, verdicts and permits are values of their own: what one caller does to what it
// was given reaches nobody else.
package consent
