package catalogue

// Refuses reports whether a variable that is set to a value is a refusal for every tool that
// is refused and that it switches, each by its own rule; false if it switches none of them.
// Then nobody needs another value in its place.
//
// For [DoNotTrackName], which tools read that nobody knows of, it is 1 alone.
func Refuses(wishes []Wish, name, value string) bool {
	if name == DoNotTrackName {
		return value == "1"
	}
	some := false
	for _, w := range wishes {
		if w.Tool == nil || !w.Off {
			continue
		}
		for i := range w.Tool.Env {
			v := &w.Tool.Env[i]
			if v.Name != name {
				continue
			}
			if _, switches := w.of(v, false); !switches {
				continue
			}
			read := v.Read(value, true)
			if read != Off && (v.Role != OptIn || read != Unset) { // what only turns on is off without it
				return false
			}
			some = true
		}
	}
	return some
}
