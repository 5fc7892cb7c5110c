package cmd

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// printJSON prints a value as one line of JSON.
func (a *app) printJSON(v any) error {
	e := json.NewEncoder(a.Stdout.Writer)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return fail(exitIO, fmt.Errorf("stdout: %w", err))
	}
	return nil
}

func onOff(on bool) string {
	if on {
		return "on"
	}
	return "off"
}

// ago is how long ago something was, for people.
func ago(at, now time.Time) string {
	d := now.Sub(at)
	switch {
	case at.IsZero():
		return "never"
	case d < 0:
		return at.Local().Format("2006-01-02")
	case d < time.Minute:
		return "just now"
	case d < time.Hour:
		return fmt.Sprintf("%d min ago", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h ago", int(d.Hours()))
	}
	return fmt.Sprintf("%d days ago", int(d.Hours()/24))
}

// firstLine is the first line of an error that may have many, and says so.
func firstLine(err error) string {
	first, _, more := strings.Cut(err.Error(), "\n")
	if more {
		first += " (and more)"
	}
	return first
}
