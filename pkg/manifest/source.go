package manifest

// Source names who supplies a field's value. The list is closed: nothing else
// of the machine, the environment or the person can be named.
type Source string

// The sources.
const (
	FromCaller          Source = "caller"
	FromConst           Source = "const"
	FromEventName       Source = "event.name"
	FromEventID         Source = "event.id"
	FromRunID           Source = "run.id"
	FromSourceID        Source = "identity.source"
	FromLevel           Source = "consent.level"
	FromNow             Source = "time.now"
	FromToolVersion     Source = "tool.version"
	FromUsagectlVersion Source = "usagectl.version"

	FromHostOS                  Source = "host.os"
	FromHostSystem              Source = "host.system"
	FromHostKernelRelease       Source = "host.kernel_release"
	FromHostKernelVersion       Source = "host.kernel_version"
	FromHostDistribution        Source = "host.distribution"
	FromHostDistributionVersion Source = "host.distribution_version"
	FromHostPlatform            Source = "host.platform"
	FromHostArch                Source = "host.arch"
	FromHostCPUCount            Source = "host.cpu_count"
	FromHostMemoryGiB           Source = "host.memory_gib"
	FromHostContainer           Source = "host.container"
	FromHostRuntime             Source = "host.runtime"
	FromHostCI                  Source = "host.ci"
	FromUserHash                Source = "host.user_hash"
	FromNameHash                Source = "host.name_hash"
)

// Sources lists every source, in the order in which the documentation has them.
func Sources() []Source {
	list := make([]Source, len(sourceWords))
	for i, w := range sourceWords {
		list[i] = Source(w.Name)
	}
	return list
}

// IsHash reports whether the value is a keyed hash.
func (s Source) IsHash() bool { return s == FromUserHash || s == FromNameHash }

// natural is the type that a source's values have, given the format of
// time.now; "" where the manifest decides.
func (s Source) natural(format string) Type {
	switch s {
	case FromCaller, FromConst:
		return ""
	case FromLevel, FromHostCPUCount, FromHostMemoryGiB:
		return Int
	case FromNow:
		switch format {
		case "unix":
			return Int
		case "unix_float":
			return Float
		}
	}
	return String
}
