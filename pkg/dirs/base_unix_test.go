//go:build unix

package dirs

import (
	"os"
	"reflect"
	"testing"

	"github.com/adrg/xdg"
)

// TestBase holds that the base directories are those that the xdg package finds.
func TestBase(t *testing.T) {
	values := []string{"", "/", "/a", "/a/", "a", "~", "~/a", "~a", "$HOME", "$HOME/a", "$HOMEa", "/a:/b", "/a:b::/a:~/c:$HOME/d", ":", "a:b"}
	for _, home := range []string{"/", "/home/p"} {
		t.Setenv("HOME", home)
		for _, value := range values {
			for _, name := range []string{"XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_CONFIG_DIRS", "XDG_DATA_DIRS"} {
				t.Setenv(name, value)
			}
			xdg.Reload()
			want := Dirs{ConfigHome: xdg.ConfigHome, StateHome: xdg.StateHome, DataHome: xdg.DataHome, ConfigDirs: xdg.ConfigDirs, DataDirs: xdg.DataDirs}
			if got := base(os.Getenv, home); !reflect.DeepEqual(got, want) {
				t.Errorf("home %q, value %q:\n%+v, want\n%+v", home, value, got, want)
			}
		}
	}
}
