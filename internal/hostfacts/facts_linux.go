package hostfacts

import (
	"io/fs"
	"strings"

	"github.com/shirou/gopsutil/v3/mem"
)

// distribution reads os-release(5), and on Debian the point release, which it does
// not hold. It is not left to gopsutil, which starts lsb_release where there is one.
func (h Host) distribution() (name, version string) {
	data, err := fs.ReadFile(h.Root, "etc/os-release")
	if err != nil {
		data, err = fs.ReadFile(h.Root, "usr/lib/os-release")
	}
	if err != nil {
		return "", ""
	}
	for line := range strings.Lines(string(data)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		switch key {
		case "ID":
			name = strings.Trim(value, `"'`)
		case "VERSION_ID":
			version = strings.Trim(value, `"'`)
		}
	}
	if name == "debian" {
		if point, err := fs.ReadFile(h.Root, "etc/debian_version"); err == nil && len(point) > 0 {
			version = strings.TrimSpace(string(point))
		}
	}
	return name, version
}

// memory is the memory in bytes, 0 if it is not known.
func memory() uint64 {
	m, err := mem.VirtualMemory()
	if err != nil {
		return 0
	}
	return m.Total
}
