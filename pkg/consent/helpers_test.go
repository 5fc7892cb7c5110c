package consent_test

import (
	"testing"

	"github.com/usagectl/usagectl/pkg/manifest"
)

const endpoint = "https://telemetry.mytool.example/v1/event"

// fields is the declared part of a manifest of three levels.
const fields = `
[[event]]
name = "run.start"
[[event]]
name  = "run.trace"
level = 2
[[field]]
name    = "threads"
type    = "int"
purpose = "To see how parallel runs are."
[[field]]
name    = "kernel"
type    = "string"
from    = "host.kernel_release"
level   = 2
purpose = "To see which kernels are in use."
`

func toolID(t testing.TB, s string) manifest.ID {
	t.Helper()
	id, err := manifest.ParseID(s)
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// parse reads the manifest of mytool with these lines in its consent section
// and with these events and fields.
func parse(t testing.TB, consent, declared string) *manifest.Manifest {
	t.Helper()
	m, err := manifest.Parse("mytool.toml", []byte(`
schema = 1
[tool]
id        = "mytool"
name      = "My Tool"
homepage  = "https://mytool.example"
privacy   = "https://mytool.example/telemetry"
contact   = "telemetry@mytool.example"
purpose   = "Counts users and failing features, to justify funding."
retention = "60 days"
[consent]
levels = ["basic", "configuration", "execution"]
`+consent+`
[identity]
kind = "none"
[send]
transport = "http"
endpoint  = "`+endpoint+`"
[forget]
method = "none"
`+declared))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
