package cmd

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/usagectl/usagectl/internal/statefile"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// inputPatience is how long a command waits for what it is to read from a pipe, be it
// stdin, a named one or a shell's <(...): a writer who never comes must not keep the caller.
const inputPatience = 5 * time.Second

// isStdin reports whether a name on the command line stands for stdin. Its own name is
// read like "-", for a socket cannot be opened by name.
func isStdin(name string) bool { return name == "-" || name == "/dev/stdin" || name == "/dev/fd/0" }

// isPipe reports whether a path is a pipe's, which can be read once.
func isPipe(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode()&os.ModeNamedPipe != 0
}

// readInput reads a file or a pipe of at most limit bytes. It takes no device and no directory.
func readInput(path string, limit int64) ([]byte, error) {
	return withinPatience(path, func() ([]byte, error) {
		if !isPipe(path) {
			data, _, err := statefile.ReadRegular(path, limit, true)
			return data, err
		}
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		return readAtMost(f, limit)
	})
}

// readStdin reads stdin, of at most limit bytes. A person who types has all the time
// that they need.
func (w World) readStdin(limit int64) ([]byte, error) {
	read := func() ([]byte, error) { return readAtMost(w.Stdin, limit) }
	if w.Interactive {
		return read()
	}
	return withinPatience("stdin", read)
}

// inUTF8 is a text without the mark that PowerShell, for one, puts before UTF-8. Another
// encoding that has such a mark is an error by its name.
func inUTF8(text []byte) ([]byte, error) {
	for _, mark := range [...]struct{ bytes, encoding string }{{"\xff\xfe\x00\x00", "UTF-32"}, {"\x00\x00\xfe\xff", "UTF-32"}, {"\xff\xfe", "UTF-16"}, {"\xfe\xff", "UTF-16"}} {
		if bytes.HasPrefix(text, []byte(mark.bytes)) {
			return nil, fmt.Errorf("it is in %s; write it in UTF-8", mark.encoding)
		}
	}
	return bytes.TrimPrefix(text, []byte("\ufeff")), nil
}

func readAtMost(r io.Reader, limit int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = fmt.Errorf("more than %d bytes", limit)
	}
	return data, err
}

// withinPatience reads, but gives up after a while: what is read then is left alone, and
// ends with the process.
func withinPatience(name string, read func() ([]byte, error)) ([]byte, error) {
	type input struct {
		data []byte
		err  error
	}
	done := make(chan input, 1)
	go func() {
		data, err := read()
		done <- input{data, err}
	}()
	timer := time.NewTimer(inputPatience)
	defer timer.Stop()
	select {
	case in := <-done:
		return in.data, in.err
	case <-timer.C:
		return nil, fmt.Errorf("%s did not end within %v", name, inputPatience)
	}
}

// readManifest reads a manifest that the command line names.
func readManifest(path string) (*manifest.Manifest, error) {
	data, err := readInput(path, manifest.MaxSize)
	if err == nil {
		data, err = inUTF8(data)
	}
	if err != nil {
		return nil, err
	}
	return manifest.Parse(path, data)
}

// readManifestText reads a manifest from a file or, for "-", from stdin, and returns its text
// too. Unlike [resolver.manifest] it is for what is done with a file itself.
func (w World) readManifestText(name string) (*manifest.Manifest, []byte, error) {
	var data []byte
	var err error
	if isStdin(name) {
		name = "stdin"
		data, err = w.readStdin(manifest.MaxSize)
	} else {
		data, err = readInput(name, manifest.MaxSize)
	}
	if err == nil {
		data, err = inUTF8(data)
	}
	if err != nil {
		return nil, nil, err
	}
	m, err := manifest.Parse(name, data)
	return m, data, err
}
