package journal

import (
	"errors"
	"slices"
)

// Summary is what a journal knows of where events went and came from: of each kind what it has
// last is first, and each once.
type Summary struct {
	Endpoints   []string
	SourcePaths []string
	Manifests   []string
}

// maxSummary is how many of a kind are kept.
const maxSummary = 8

// Summary reads the journal for it. progress is as for [Journal.Each].
func (j Journal) Summary(progress func(read, total int64)) (Summary, error) {
	var s Summary
	err := j.Each(progress, func(r Record) bool {
		s.Endpoints = latest(s.Endpoints, r.Endpoint)
		s.SourcePaths = latest(s.SourcePaths, r.SourcePath)
		s.Manifests = latest(s.Manifests, r.Manifest)
		return true
	})
	if errors.Is(err, ErrTooLarge) {
		err = nil // what is newest was read
	}
	return s, err
}

// latest puts a text in front of a list in which each is once.
func latest(list []string, text string) []string {
	if text == "" || len(list) > 0 && list[0] == text {
		return list
	}
	list = slices.DeleteFunc(list, func(s string) bool { return s == text })
	return append([]string{text}, list[:min(len(list), maxSummary-1)]...)
}
