//go:build !linux && !darwin && !freebsd

package process

import "os"

// thisDomain is made of the machine's name.
func thisDomain() string {
	name, _ := os.Hostname()
	return hashOf(name) + "-0"
}
