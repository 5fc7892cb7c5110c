// Package transport sends messages to receivers, and tells what became of each.
//
// [New] makes the transport that a [Target] asks for: HTTP, UDP, OTLP, Segment or a file.
// Its Send takes messages and returns one [Outcome] for each, its Wire shows what they
// look like on their way, and its Limits say how many go together. What a transport needs
// of its surroundings is in a [Config].
//
// The package knows nothing of consent but a function that it asks: see [Config.Allow].
// Whoever makes a [Message] answers for it that it may be sent. attempt.go bounds what
// one request may take, status.go says what each status of HTTP makes of a message.
package transport
