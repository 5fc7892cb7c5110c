// Package sender takes events, keeps them, and delivers them.
//
// An event's way: [Check] reads what the caller says of it; [Draft.Prepare] reads the
// values that its fields ask for and makes the payload of them, the same for a preview as
// for the wire; an [Entry] waits in the [Outbox]; a [Deliverer] claims it, asks for consent once more,
// builds the payload once more under what is agreed now, and hands it to the
// transport; the [Journal] records what left.
//
// A person's wish to be forgotten is a [Deletion], which the same deliverers carry
// out: see [Sender.Forget].
//
// Queueing and delivering take a [consent.Permit]. This is the only package of
// the program that can open a connection.
package sender
