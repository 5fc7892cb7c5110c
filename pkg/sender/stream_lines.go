package sender

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"time"
)

// streamLine is a line without its end.
type streamLine struct {
	text    []byte
	tooLong bool // the text is a part of it
}

// streamRead is what was read at once.
type streamRead struct {
	lines []streamLine
	from  int       // how many lines came before
	after time.Time // when the read before had emptied the pipe: the lines ended after that; zero for the first
}

// readLines reads lines until the end, and gives those that are there at once to each. The last
// one needs no end. It stops if each returns false.
func readLines(r io.Reader, each func(streamRead) bool) error {
	var begun []byte // of a line that has not ended
	tooLong := false // it is, and begun is not all of it
	buf := make([]byte, readSize)
	var after, read time.Time
	from := 0
	for {
		n, err := r.Read(buf)
		after, read = read, time.Now()
		if n > 0 {
			var lines []streamLine
			data := slices.Clone(buf[:n])
			for {
				text, rest, ended := bytes.Cut(data, []byte("\n"))
				if !ended {
					break
				}
				if len(begun) > 0 {
					text = append(begun, text...)
				}
				lines = append(lines, streamLine{text, tooLong || len(text) > maxLine})
				begun, tooLong, data = nil, false, rest
			}
			if tooLong = tooLong || len(begun)+len(data) > maxLine; !tooLong {
				begun = append(begun, data...)
			}
			if len(lines) > 0 && !each(streamRead{lines, from, after}) {
				return nil
			}
			from += len(lines)
		}
		switch {
		case err == nil:
		case len(begun) > 0 && !each(streamRead{[]streamLine{{begun, tooLong}}, from, after}), errors.Is(err, io.EOF):
			return nil
		default:
			return err
		}
	}
}
