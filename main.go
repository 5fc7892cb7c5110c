// Usagectl gives people one place to control the usage telemetry of their tools,
// and tool authors one honest way to send it.
package main

import (
	"os"

	"github.com/usagectl/usagectl/cmd"
)

func main() {
	os.Exit(cmd.Main(cmd.System(), os.Args[1:]))
}
