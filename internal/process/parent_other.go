//go:build !linux && !darwin && !windows

package process

// ParentName is what the program that started this one is called. It is not known on
// this system: "".
func ParentName() string { return "" }
