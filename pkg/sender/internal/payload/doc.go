// Package payload makes the document that is sent for an event.
//
// Start with [Check], which reads what a caller says of an event and lists the mistakes
// in it. With the terms that a person agreed to, [Draft.Prepare] makes an event ready to
// be queued: it collects the values of those fields alone that the event has and the
// terms let out, builds the payload and checks its size. [Draft.Preview] shows the same
// payload before everything is in place for it. A payload is built once more by [Build]
// when the event is delivered, from the values that were queued and under what is agreed
// to then. [ForDeletion] makes the payload of a deletion request.
//
// The package reads what [Sources] hands it and nothing else: it opens no file and no
// connection, and keeps no state.
package payload
