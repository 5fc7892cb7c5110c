// Package schemas holds the JSON Schemas in docs/schemas for those who check documents by
// them.
package schemas

import _ "embed" // for the schema

//go:embed usagectl.schema.json
var usagectl []byte

// JSON returns the schema of what "usagectl" prints with --json (JSON Schema, draft
// 2020-12). It has a definition for each document, named after the command, such as
// "status" or "inspect-wire"; the others are parts of those. The schema itself takes any
// of the documents.
func JSON() []byte { return append([]byte(nil), usagectl...) }
