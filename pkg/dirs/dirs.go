// Package dirs names the directories in which usagectl finds and keeps things.
//
// [Default] finds those of the person who runs the process; a test, or a program
// with a home of its own, fills in a [Dirs]. The methods of Dirs only join paths and
// touch nothing. A Dirs is plain data: copies may be used by several goroutines.
package dirs

import "path/filepath"

// Dirs are the base directories of one person on one machine, as the XDG Base
// Directory specification and its counterparts on other systems name them. An
// empty path means that the place is not known, and that nothing can
// be read or kept there.
type Dirs struct {
	Home       string   // the person's home
	ConfigHome string   // decisions
	StateHome  string   // outbox, journal, keys
	StateFlaw  string   // why what is in StateHome cannot be relied on, and is not used; "" if it can
	DataHome   string   // manifests that the person added
	ConfigDirs []string // $XDG_CONFIG_DIRS
	DataDirs   []string // $XDG_DATA_DIRS
	System     string   // the platform's fixed place for machine-wide settings, which no variable moves
	// Usual are the places if no variable moves them; nil if none does. What is refused there
	// counts, and nothing else. What is found elsewhere alone holds for this process, and need
	// not for others that share a StateHome that is not moved.
	Usual *Dirs
}

// UserConsent is the directory of the person's decisions, or "".
func (d Dirs) UserConsent() string { return under(d.ConfigHome, "usagectl", "consent") }

// UsualConsent is the directory of refusals where [Dirs.Usual] has them, or "" if that is
// [Dirs.UserConsent].
func (d Dirs) UsualConsent() string {
	if d.Usual == nil || d.Usual.ConfigHome == d.ConfigHome {
		return ""
	}
	return d.Usual.UserConsent()
}

// SystemConsent lists the directories of machine-wide refusals, the fixed one first.
func (d Dirs) SystemConsent() []string {
	var list []string
	seen := map[string]bool{}
	for _, base := range append([]string{d.System}, d.ConfigDirs...) {
		if dir := under(base, "usagectl", "consent"); dir != "" && !seen[dir] {
			seen[dir] = true
			list = append(list, dir)
		}
	}
	return list
}

// Tools lists the directories of manifests, the person's first.
func (d Dirs) Tools() []string {
	var list []string
	for _, base := range append([]string{d.DataHome}, d.DataDirs...) {
		if dir := under(base, "usagectl", "tools"); dir != "" {
			list = append(list, dir)
		}
	}
	return list
}

// StateDir is the directory of outbox, journal, deletions and keys; "" if it is not known,
// or cannot be relied on.
func (d Dirs) StateDir() string {
	if d.StateFlaw != "" {
		return ""
	}
	return d.UncheckedStateDir()
}

// UncheckedStateDir is where [Dirs.StateDir] is, or would be if it could be relied on. It
// is for messages, and for finding out whether it can.
func (d Dirs) UncheckedStateDir() string { return under(d.StateHome, "usagectl") }

func under(base string, names ...string) string {
	if base == "" {
		return ""
	}
	return filepath.Join(append([]string{base}, names...)...)
}
