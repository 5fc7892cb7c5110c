package lease

import "github.com/usagectl/usagectl/internal/process"

// Owner is a process that can have a lease or a claim.
type Owner struct{ process.ID }

// NewOwner is a process of this machine.
func NewOwner(pid int) Owner { return Owner{process.New(pid)} }

// This is the process that runs.
func This() Owner { return Owner{process.Self()} }

// ParseOwner reads an owner as [Owner.String] spells it, and reports whether it is one.
func ParseOwner(s string) (Owner, bool) {
	id, ok := process.Parse(s)
	return Owner{id}, ok
}
