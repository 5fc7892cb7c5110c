package sender

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/usagectl/usagectl/internal/process"
)

// Variables that tell the test program that it was started by a test.
const (
	parentOut = "USAGECTL_TEST_PARENT"  // the file in which TestSpawnParent tells what it sees
	childOut  = "USAGECTL_TEST_CHILD"   // likewise TestSpawnChild
	childOf   = "USAGECTL_TEST_SPAWNER" // who started it
)

// seen is what a process tells of itself.
type seen struct {
	Dir     string
	Console bool // it has one
	Orphan  bool // who started it is gone
	Holds   bool // it has a handle of who started it: a file that was open there still is
}

func tell(t *testing.T, file string, orphan, holds bool) {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	console, err := os.OpenFile("CONOUT$", os.O_WRONLY, 0)
	if err == nil {
		console.Close()
	}
	data, err := json.Marshal(seen{dir, err == nil, orphan, holds})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file+".part", data, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(file+".part", file); err != nil {
		t.Fatal(err)
	}
}

// TestSpawnParent is what [TestSpawn] starts, with a console: it spawns another and ends.
func TestSpawnParent(t *testing.T) {
	file, ok := os.LookupEnv(parentOut)
	if !ok {
		return
	}
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	holdOpen(t, os.Getenv(childOut)+".held")
	env := append(os.Environ(), childOf+"="+strconv.Itoa(os.Getpid()))
	if _, err := Spawn(exe, []string{exe, "-test.run=^TestSpawnChild$"}, env, nil); err != nil {
		t.Fatal(err)
	}
	tell(t, file, false, false)
}

// holdOpen opens a file that nobody else can open then, with a handle that programs inherit.
func holdOpen(t *testing.T, path string) {
	t.Helper()
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		t.Fatal(err)
	}
	inherited := &windows.SecurityAttributes{InheritHandle: 1}
	inherited.Length = uint32(unsafe.Sizeof(*inherited))
	if _, err := windows.CreateFile(name, windows.GENERIC_READ, 0, inherited, windows.CREATE_ALWAYS, windows.FILE_ATTRIBUTE_NORMAL, 0); err != nil {
		t.Fatal(err)
	}
}

// TestSpawnChild is what [TestSpawnParent] spawns.
func TestSpawnChild(t *testing.T) {
	parent, err := strconv.Atoi(os.Getenv(childOf))
	if err != nil {
		return
	}
	gone := func() bool { return process.Self().KnowsDead(process.New(parent)) }
	for end := time.Now().Add(time.Minute); !gone() && time.Now().Before(end); {
		time.Sleep(10 * time.Millisecond)
	}
	f, err := os.Open(os.Getenv(childOut) + ".held")
	if err == nil {
		f.Close()
	}
	tell(t, os.Getenv(childOut), gone(), err != nil)
}

// TestSpawn holds that what is spawned outlives who spawned it, without its console
// elsewhere, and without its handles.
func TestSpawn(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	parent, child := filepath.Join(dir, "parent"), filepath.Join(dir, "child")
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	p, err := os.StartProcess(exe, []string{exe, "-test.run=^TestSpawnParent$"}, &os.ProcAttr{
		Dir:   dir,
		Env:   append(os.Environ(), parentOut+"="+parent, childOut+"="+child),
		Files: []*os.File{null, null, null},
		Sys:   &windows.SysProcAttr{CreationFlags: windows.CREATE_NEW_CONSOLE},
	})
	if err != nil {
		t.Fatal(err)
	}
	if state, err := p.Wait(); err != nil || !state.Success() {
		t.Fatal(state, err)
	}
	if got := await(t, parent); got.Dir != dir || !got.Console {
		t.Errorf("who spawns: %+v", got)
	}
	system, err := windows.GetSystemDirectory()
	if err != nil {
		t.Fatal(err)
	}
	if got, want := await(t, child), (seen{system, false, true, false}); got != want {
		t.Errorf("what is spawned: %+v, want %+v", got, want)
	}
}

// await reads what a process tells.
func await(t *testing.T, file string) seen {
	t.Helper()
	var s seen
	for end := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		data, err := os.ReadFile(file)
		if err == nil {
			err = json.Unmarshal(data, &s)
		}
		if err == nil {
			return s
		}
		if time.Now().After(end) {
			t.Fatal(err)
		}
	}
}
