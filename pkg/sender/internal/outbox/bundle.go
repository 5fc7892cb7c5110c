package outbox

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/usagectl/usagectl/internal/statefile"
	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/sender/internal/lease"
)

// A bundle is many queued events in one file, for a program that has many of them. It is written
// in tmp and renamed into new as a single event is, and deliverers make single events of it, the
// oldest bundle first, just before those are their turn: they write the events, and then remove
// the bundle, which they have claimed. A crash before that leaves the bundle, and its events are
// written again under the same names.
//
//	new/.TIME-ID.COUNT.bundle    TIME and ID are those of the first event
//
// It is compressed by gzip. Each line is the name that an event's file has, a tab, and what is in
// that file. The name of a bundle begins with a dot, so that versions that know no bundles pass
// over it: they neither deliver nor reject it, and throw it away with all of "new" after a refusal.
// Nobody delivers an event that was taken after the first one of a bundle before that is unpacked,
// so that the events of a run stay in order.

// Bounds of a bundle: in events, and in bytes before they are compressed, and in the file.
const (
	MaxBundle      = 512
	maxBundleBytes = 4 * maxEntry
	maxBundleFile  = maxBundleBytes + maxBundleBytes/64
)

const bundleEnding = ".bundle"

// Bundle gathers events that are kept in one file. It is for one goroutine.
type Bundle struct {
	outbox Outbox
	first  string // the name of the first event
	data   []byte
	events int
}

// NewBundle is an empty bundle of the tool's.
func (o Outbox) NewBundle() *Bundle { return &Bundle{outbox: o} }

// Len is how many events are in it.
func (b *Bundle) Len() int { return b.events }

// Full reports whether no further event goes into it for certain.
func (b *Bundle) Full() bool {
	return b.events >= MaxBundle || len(b.data)+maxEntry > maxBundleBytes
}

// Add adds an event, for which it takes a permit, as [Outbox.Put] does.
func (b *Bundle) Add(p consent.Permit, e Entry) error {
	if !p.Covers(b.outbox.tool, e.Event, e.Endpoint, e.Grant) {
		return fmt.Errorf("%w to queue %q of %s", consent.ErrNoConsent, e.Event, b.outbox.tool)
	}
	entry, err := e.MarshalJSON()
	if err != nil {
		return err
	}
	name := e.Name()
	if b.events == 0 {
		b.first = name
	}
	b.data = append(append(append(append(b.data, name...), '\t'), entry...), '\n')
	b.events++
	return nil
}

// Lines are the entries in it, as they are in files of their own, one a line.
func (b *Bundle) Lines() [][]byte {
	var list [][]byte
	eachInBundle(b.data, func(_ string, entry []byte) { list = append(list, append(slices.Clone(entry), '\n')) })
	return list
}

// Name is the name of the bundle's file.
func (b *Bundle) Name() string {
	return fmt.Sprintf(".%s.%d%s", strings.TrimSuffix(b.first, ".json"), b.events, bundleEnding)
}

// PutBundle adds the events of a bundle to the outbox, all or none. It does not wait for the
// disk, as [Outbox.Put] does not.
func (o Outbox) PutBundle(b *Bundle) error {
	if err := o.owned(); err != nil {
		return err
	}
	data, err := pack(b.data)
	if err != nil {
		return err
	}
	return o.keep(b.Name(), data)
}

// pack compresses the lines of a bundle.
func pack(lines []byte) ([]byte, error) {
	var packed bytes.Buffer
	w, err := gzip.NewWriterLevel(&packed, gzip.BestSpeed)
	if err != nil {
		return nil, err
	}
	_, err = w.Write(lines)
	err = errors.Join(err, w.Close())
	return packed.Bytes(), err
}

// readBundle reads the lines of a bundle. If it is damaged, they are as many as there are, and
// whole is false. The errors are those of reading the file.
func readBundle(path string) (lines []byte, whole bool, err error) {
	packed, err := statefile.Read(path, maxBundleFile)
	if err != nil {
		return nil, false, err
	}
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err == nil {
		lines, err = io.ReadAll(io.LimitReader(r, maxBundleBytes))
	}
	return lines, err == nil, nil
}

// TakeBack throws away the events of a bundle that was put into the outbox, for consent was
// withdrawn meanwhile. Those of one that a deliverer has unpacked are refused at delivery.
func (o Outbox) TakeBack(b *Bundle, now time.Time) error {
	_, err := o.discardBundle("new", b.Name(), LostRefused, now, func(string) {})
	return err
}

// sizeOfBundle is how many events the name of a bundle's file tells, in "claimed" too; false
// if it is no bundle's.
func sizeOfBundle(file string) (int, bool) {
	name, hidden := strings.CutPrefix(eventOf(file), ".")
	name, is := strings.CutSuffix(name, bundleEnding)
	first, count, _ := strings.Cut(name, ".")
	n, err := strconv.Atoi(count)
	return n, hidden && is && err == nil && n > 0 && IsEntryName(first+".json")
}

// ageOf is what the names of events and bundles are sorted by: when the first of their events
// was taken.
func ageOf(file string) string { return strings.TrimPrefix(file, ".") }

func byAge(a, b string) int { return cmp.Compare(ageOf(a), ageOf(b)) }

// eachInBundle calls f with each event of a bundle: the name of its file, and what is in it. It
// returns how many lines are none of an event's, such as one of which a power cut took a part.
func eachInBundle(data []byte, f func(name string, entry []byte)) (damaged int) {
	for line := range bytes.Lines(data) {
		line, whole := bytes.CutSuffix(line, []byte("\n"))
		name, entry, ok := bytes.Cut(line, []byte("\t"))
		if !whole || !ok || !IsEntryName(string(name)) {
			damaged++
			continue
		}
		f(string(name), entry)
	}
	return damaged
}

// list lists a part of the outbox: the files of single events, and the bundles, each the oldest
// first.
func (o Outbox) list(part string) (names, bundles []string, err error) {
	entries, err := statefile.ReadDir(o.Path(part))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, nil, err
	}
	names = make([]string, 0, len(entries))
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), ".") {
			names = append(names, e.Name())
		} else if _, is := sizeOfBundle(e.Name()); is {
			bundles = append(bundles, e.Name())
		}
	}
	return names, bundles, nil // sorted
}

// packed calls f with each event that is in a bundle, perhaps more than once: deliverers claim
// bundles meanwhile. One that they unpack is among the single events, which are to be listed
// afterwards. An error means that there may be more.
func (o Outbox) packed(f func(name string, entry []byte)) error {
	var errs []error
	for _, part := range []string{"claimed", "new", "claimed"} {
		_, bundles, err := o.list(part)
		errs = append(errs, err)
		for _, file := range bundles {
			data, _, err := readBundle(o.Path(part, file))
			errs = append(errs, statefile.IgnoreMissing(err))
			eachInBundle(data, f)
		}
	}
	return errors.Join(errs...)
}

// unpackBelow is how many single events there are, at the most, when a further bundle is
// unpacked: few files, and enough to deliver them side by side.
const unpackBelow = MaxBundle

// deliverable lists the single events that can be delivered now, the oldest first, and unpacks
// bundles as long as those are few; left is how many of them are known to stay. behind are the
// bundles, and the events that have to wait for them. What the error is about is among these.
func (o Outbox) deliverable(self lease.Owner, now time.Time, left int) (names, behind []string, err error) {
	for {
		// A bundle that others claim, put back or have unpacked meanwhile is in one of these lists,
		// unless all its events are in the last one.
		var packed []string
		for _, part := range []string{"claimed", "new", "claimed", "new"} {
			var bundles []string
			if names, bundles, err = o.list(part); err != nil {
				return nil, nil, err
			}
			for _, file := range bundles {
				packed = append(packed, eventOf(file))
			}
		}
		if len(packed) == 0 {
			return names, nil, nil
		}
		slices.SortFunc(packed, byAge)
		packed = slices.Compact(packed)
		i, _ := slices.BinarySearch(names, ageOf(packed[0]))
		behind = append(slices.Clone(names[i:]), packed...)
		if i >= unpackBelow+left || !o.has("new", packed[0]) {
			return names[:i], behind, nil
		}
		if err := o.unpack(packed[0], self, now); err != nil {
			return names[:i], behind, err
		}
	}
}

// unpack makes single events of a bundle. One that another process has taken is passed over, and
// one that cannot be relied on is moved aside.
func (o Outbox) unpack(name string, by lease.Owner, now time.Time) error {
	file := name + "~" + claimOf(by, now.Add(claimTerm))
	if err := statefile.Rename(o.Path("new", name), o.Path("claimed", file)); err != nil {
		return statefile.IgnoreMissing(err)
	}
	data, whole, err := readBundle(o.Path("claimed", file))
	switch {
	case errors.Is(err, os.ErrNotExist): // the outbox was emptied
		return nil
	case errors.Is(err, statefile.ErrNotRegular), errors.Is(err, statefile.ErrUntrusted), errors.Is(err, statefile.ErrTooLarge):
		return o.setAside(file)
	case err != nil:
		return errors.Join(err, o.putBack(file, name))
	}
	var made []string
	attempt := "~" + uuid.NewString() // a process that was killed when it unpacked this has left a file in "tmp"
	damaged := eachInBundle(data, func(event string, entry []byte) {
		if err == nil {
			made = append(made, event)
			err = o.keepBy(event+attempt, event, entry)
		}
	})
	switch {
	case err != nil: // such as a full disk, which has the room back
		return errors.Join(err, o.removeFiles("new", made), o.putBack(file, name))
	case damaged > 0 || !whole: // its events are queued, as far as there are any
		return o.setAside(file)
	}
	return statefile.IgnoreMissing(statefile.Remove(o.Path("claimed", file)))
}

// setAside moves a bundle that this process has claimed among what was rejected, where it counts
// as one.
func (o Outbox) setAside(file string) error {
	return statefile.IgnoreMissing(statefile.Rename(o.Path("claimed", file), o.Path("rejected", ageOf(eventOf(file)))))
}

// UnpackRun unpacks the bundles in which an event of the same run may be that was taken before
// e, for who does not wait until it is their turn.
func (o Outbox) UnpackRun(e Entry, by lease.Owner, now time.Time) error {
	_, bundles, err := o.list("new")
	errs := []error{err}
	for _, name := range bundles {
		if ageOf(name) < e.Name() && o.isUnder(e.RunID.String(), "new", name) {
			errs = append(errs, o.unpack(name, by, now))
		}
	}
	return errors.Join(errs...)
}

// discardPackedUnder ends the events under a source ID that are in bundles, and returns how many.
// A bundle that has others too is unpacked, and its events are ended as single ones.
func (o Outbox) discardPackedUnder(sourceID string, now time.Time, each func(event string)) (int, error) {
	_, claimed, err := o.list("claimed")
	errs := []error{err}
	for _, file := range claimed {
		if o.isUnder(sourceID, "claimed", file) {
			errs = append(errs, o.putBack(file, eventOf(file)))
		}
	}
	_, bundles, err := o.list("new")
	errs = append(errs, err)
	ended := 0
	for _, name := range bundles {
		data, _, err := readBundle(o.Path("new", name))
		if err != nil || !bytes.Contains(data, []byte(sourceID)) {
			continue
		}
		others := eachInBundle(data, func(string, []byte) {})
		eachInBundle(data, func(_ string, entry []byte) {
			if !bytes.Contains(entry, []byte(sourceID)) {
				others++
			}
		})
		if others > 0 {
			errs = append(errs, o.unpack(name, lease.This(), now))
			continue
		}
		n, err := o.discardBundle("new", name, LostForgotten, now, each)
		ended += n
		errs = append(errs, err)
	}
	return ended, errors.Join(errs...)
}

// discardBundle ends the events of a bundle, and returns how many; see [Outbox.discard] for
// what holds then.
func (o Outbox) discardBundle(part, file string, why Loss, now time.Time, each func(event string)) (int, error) {
	batch := o.newBatch(why)
	err := statefile.MkdirAll(batch, 0o700)
	if err == nil {
		err = statefile.Rename(o.Path(part, file), filepath.Join(batch, eventOf(file)))
	}
	if err == nil {
		return o.recordBatch(batch, why, now, each)
	}
	_ = statefile.Remove(batch) // whoever comes next does it
	if errors.Is(err, os.ErrNotExist) && !o.has(part, file) {
		return 0, nil
	}
	events := eventsIn(o.Path(part), file) // it is recorded first, and goes in any case: better uncounted than kept
	uncounted := o.recordLosses(lossesOf(events, why, now)...)
	if err := statefile.IgnoreMissing(statefile.RemoveAll(o.Path(part, file))); err != nil {
		return 0, err
	}
	for _, event := range events {
		each(event)
	}
	if uncounted != nil {
		uncounted = fmt.Errorf("%w: %w", ErrUncounted, uncounted)
	}
	return len(events), uncounted
}

// eventsIn are the events in a file of a part that is thrown away: one, or those of a bundle. What
// was to become an event is none.
func eventsIn(dir, file string) []string {
	if !strings.HasPrefix(file, ".") {
		return []string{file}
	}
	if _, is := sizeOfBundle(file); !is {
		return nil
	}
	var list []string
	data, _, _ := readBundle(filepath.Join(dir, file)) // what cannot be read is not known
	eachInBundle(data, func(event string, _ []byte) { list = append(list, event) })
	return list
}

func lossesOf(events []string, why Loss, now time.Time) []lostEvent {
	list := make([]lostEvent, len(events))
	for i, event := range events {
		list[i] = lostEventOf(event+"~"+string(why), now)
	}
	return list
}

// blank is what is kept of a file that could not be recorded: of a bundle the names of its events.
func blank(dir, file string) []byte {
	if _, is := sizeOfBundle(file); !is {
		return nil
	}
	var names []byte
	for _, event := range eventsIn(dir, file) {
		names = append(append(names, event...), "\t\n"...)
	}
	packed, _ := pack(names) // a buffer takes everything
	return packed
}
