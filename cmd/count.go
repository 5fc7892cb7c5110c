package cmd

import (
	"fmt"
	"strconv"
)

// count is a number of events. It is unknown where what is kept cannot be looked at, which
// is not the same as none.
type count int

const unknownCount count = -1

func (n count) String() string {
	if n < 0 {
		return "unknown"
	}
	return strconv.Itoa(int(n))
}

// MarshalJSON is the number, or null if it is not known.
func (n count) MarshalJSON() ([]byte, error) {
	if n < 0 {
		return []byte("null"), nil
	}
	return fmt.Append(nil, int(n)), nil
}
