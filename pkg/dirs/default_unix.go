//go:build unix && !darwin

package dirs

import (
	"os"
	"strconv"
	"strings"

	"github.com/usagectl/usagectl/internal/statefile"
)

// standard are the places of the XDG Base Directory specification.
func standard(home string) Dirs {
	return Dirs{
		ConfigHome: under(home, ".config"), StateHome: under(home, ".local", "state"), DataHome: under(home, ".local", "share"),
		ConfigDirs: []string{"/etc/xdg"},
		DataDirs:   []string{"/usr/local/share", "/usr/share"},
	}
}

// onThisSystem adds the fixed place for machine-wide settings (XDG Base Directory
// specification's default), which no variable can move.
func onThisSystem(d Dirs) Dirs {
	d.System = "/etc/xdg"
	return d
}

// maxPasswd is the size, in bytes, of the largest user database that is read.
const maxPasswd = 16 << 20

// accountHome is the home that the user database has for this process's account, or "".
// The file is read as it is, and the libraries of the system are not asked: that would
// take cgo, and can wait for a network. An account that is only there has no home here.
func accountHome() string {
	data, _, err := statefile.ReadRegular("/etc/passwd", maxPasswd, true)
	if err != nil {
		return ""
	}
	return homeIn(string(data), os.Geteuid())
}

// homeIn is the home of a user in a file of the form of passwd(5); the first entry counts.
func homeIn(passwd string, uid int) string {
	for line := range strings.Lines(passwd) {
		fields := strings.Split(strings.TrimRight(line, "\r\n"), ":")
		if len(fields) == 7 && fields[2] == strconv.Itoa(uid) && !strings.HasPrefix(fields[0], "#") {
			return fields[5]
		}
	}
	return ""
}
