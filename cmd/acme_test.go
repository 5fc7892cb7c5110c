package cmd

import "strings"

// acme is the manifest of a tool that sends to a file of the home, shows a notice
// instead of asking, and has a field that has to be set.
const acme = `schema = 1

[tool]
id        = "acme"
name      = "Acme"
purpose   = "To learn which parts of it are used."

[consent]
default = "opt-out"
refuse  = [ {env = "ACME_TELEMETRY", when = "0"} ]

[send]
transport = "file"
endpoint  = "~/acme.jsonl"

[forget]
method = "event"
event  = "gone"

[[event]]
name = "run"

[[event]]
name = "gone"

[[field]]
name    = "event"
from    = "event.name"
purpose = "To tell events apart."

[[field]]
name    = "source"
from    = "identity.source"
purpose = "To count installs."

[[field]]
name     = "part"
type     = "string"
enum     = ["left", "right"]
required = true
events   = ["run"]
purpose  = "To see which part is used."
`

// acmeWithoutDeletion is acme, if it took no deletion requests.
func acmeWithoutDeletion() string {
	text := strings.Replace(acme, "method = \"event\"\nevent  = \"gone\"", "method = \"none\"", 1)
	return strings.Replace(text, "purpose   =", "contact   = \"privacy@acme.example\"\npurpose   =", 1)
}
