package sender

import (
	"bytes"
	"errors"
	"io"
	"slices"
)

// readLines reads lines until the end, and gives those that are there at once to each. The last
// one needs no end. It stops if each returns false.
func readLines(r io.Reader, each func([]streamLine) bool) error {
	var begun []byte // of a line that has not ended
	tooLong := false // it is, and begun is not all of it
	buf := make([]byte, readSize)
	for {
		n, err := r.Read(buf)
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
			if len(lines) > 0 && !each(lines) {
				return nil
			}
		}
		switch {
		case err == nil:
		case len(begun) > 0 && !each([]streamLine{{begun, tooLong}}), errors.Is(err, io.EOF):
			return nil
		default:
			return err
		}
	}
}
