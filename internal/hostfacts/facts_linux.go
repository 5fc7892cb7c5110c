package hostfacts

import (
	"io/fs"
	"strconv"
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

// processors reads what sysconf(_SC_NPROCESSORS_ONLN) of glibc reads, which is what
// Python asks; 0 if it is not known.
func (h Host) processors() int64 {
	if online, err := fs.ReadFile(h.Root, "sys/devices/system/cpu/online"); err == nil {
		if n := countRanges(strings.TrimSpace(string(online))); n > 0 {
			return n
		}
	}
	stat, _ := fs.ReadFile(h.Root, "proc/stat")
	n := int64(0)
	for line := range strings.Lines(string(stat)) {
		if rest, ok := strings.CutPrefix(line, "cpu"); ok && rest != "" && '0' <= rest[0] && rest[0] <= '9' {
			n++
		}
	}
	return n
}

// countRanges counts the numbers in a list as the kernel writes one, "0-3,5"; 0 if it is
// none.
func countRanges(list string) int64 {
	n := int64(0)
	for part := range strings.SplitSeq(list, ",") {
		from, to, isRange := strings.Cut(part, "-")
		if !isRange {
			to = from
		}
		first, errFirst := strconv.ParseUint(from, 10, 16)
		last, errLast := strconv.ParseUint(to, 10, 16)
		if errFirst != nil || errLast != nil || last < first {
			return 0
		}
		n += int64(last - first + 1)
	}
	return n
}
