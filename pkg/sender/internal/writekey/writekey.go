// Package writekey names write keys that come from the environment, so that what was queued or
// asked for with one goes out with no other. A key cannot be told from its name.
package writekey

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/usagectl/usagectl/internal/statefile"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// maxName is the size, in bytes, of the longest name, which holds that of a variable.
const maxName = 32 << 10

// Name names the value of a variable as a tool's write key: "VARIABLE=1a2b". Of a tool's keys
// one in 65,536 has the same digits.
func Name(tool manifest.ID, variable, value string) string {
	return variable + "=" + digits(tool, value)
}

func digits(tool manifest.ID, value string) string {
	sum := sha256.Sum256([]byte(tool.String() + "\x00" + value))
	return hex.EncodeToString(sum[:2])
}

// Is reports whether a value is the write key of that name, whatever variable it is in now.
func Is(name string, tool manifest.ID, value string) bool {
	_, d, _ := strings.Cut(name, "=")
	return value != "" && d == digits(tool, value)
}

// Variable is the variable that a name mentions.
func Variable(name string) string {
	variable, _, _ := strings.Cut(name, "=")
	return variable
}

// IsName reports whether [Name] can have written a name. It is for what is read back.
func IsName(name string) bool {
	variable, d, ok := strings.Cut(name, "=")
	return ok && variable != "" && len(d) == 4 && strings.Trim(d, "0123456789abcdef") == "" && statefile.IsLine(name, maxName)
}
