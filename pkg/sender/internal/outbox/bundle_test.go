package outbox

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/usagectl/usagectl/internal/jsondoc"
	"github.com/usagectl/usagectl/internal/statefile"
	"github.com/usagectl/usagectl/pkg/sender/internal/lease"
	"github.com/usagectl/usagectl/pkg/sender/internal/sendertest"
)

// bundled puts events of one run into bundles, of so many each, and returns their names. The
// second one in three has the other source ID.
func bundled(t *testing.T, o Outbox, from time.Time, sizes ...int) (names []string) {
	t.Helper()
	run := uuid.New()
	n := 0
	for _, size := range sizes {
		b := o.NewBundle()
		for range size {
			id := sendertest.SampleID
			if n%3 == 1 {
				id = sendertest.OtherID
			}
			e := Entry{
				Schema: Schema, Tool: o.tool, Event: "run", EventID: uuid.New(), RunID: run, TakenAt: from.Add(time.Duration(n)),
				Values: jsondoc.NewObject("source", id),
			}
			data, err := e.MarshalJSON()
			sendertest.Must(t, err)
			if b.events == 0 {
				b.first = e.Name()
			}
			b.data = append(append(append(append(b.data, e.Name()...), '\t'), data...), '\n')
			b.events++
			names = append(names, e.Name())
			n++
		}
		sendertest.Must(t, o.PutBundle(b))
	}
	return names
}

func bundleBox(t *testing.T) Outbox {
	t.Helper()
	o := Open(t.TempDir(), sendertest.ToolID(t, "mytool"))
	sendertest.Must(t, o.Create())
	return o
}

func counted(t *testing.T, o Outbox) Count {
	t.Helper()
	c, err := o.Count()
	sendertest.Must(t, err)
	return c
}

// TestBundles holds that the events of bundles are those that were put in, that few are unpacked at
// a time, and that none is delivered before an older one that is still in a bundle.
func TestBundles(t *testing.T) {
	o := bundleBox(t)
	noon := sendertest.Noon()
	want := bundled(t, o, noon, MaxBundle, MaxBundle, 3)
	late := Entry{Schema: Schema, Tool: o.tool, Event: "run", EventID: uuid.New(), TakenAt: noon.Add(time.Second), Values: &jsondoc.Object{}}
	data, err := late.MarshalJSON()
	sendertest.Must(t, err)
	sendertest.Must(t, o.keep(late.Name(), data))
	all := append(slices.Clone(want), late.Name())
	if got := counted(t, o).Queued; got != len(all) {
		t.Errorf("counted: %d, want %d", got, len(all))
	}
	entries, err := o.Entries()
	sendertest.Must(t, err)
	for i, e := range entries {
		if e.Name() != all[i] {
			t.Fatalf("entry %d is %s, want %s", i, e.Name(), all[i])
		}
	}
	if names, err := o.Names("new"); err != nil || !slices.Equal(names, []string{late.Name()}) {
		t.Errorf("single events: %q, %v", names, err)
	}
	if set := o.EventSet(); len(set) != len(all) {
		t.Errorf("the set has %d", len(set))
	}
	var got []string
	for range 10 {
		q, err := o.Prepare(lease.This(), noon, 0)
		sendertest.Must(t, err)
		if len(q.Names) == 0 {
			break
		}
		if len(q.Names) > 2*MaxBundle {
			t.Errorf("%d are unpacked at once", len(q.Names))
		}
		if counted(t, o).Queued != len(all)-len(got) {
			t.Errorf("counted: %d, want %d", counted(t, o).Queued, len(all)-len(got))
		}
		for _, name := range q.Names {
			c, err := o.Claim(name, lease.This(), noon)
			sendertest.Must(t, err)
			if e, _, err := c.Read(); err != nil || e.Name() != name {
				t.Fatalf("%s: %v, %v", name, e, err)
			}
			sendertest.Must(t, c.Done())
		}
		got = append(got, q.Names...)
	}
	if !slices.Equal(got, all) {
		t.Errorf("%d came out of it, want %d in order", len(got), len(all))
	}
	if o.Waits(lease.This(), nil, noon) {
		t.Error("something is left")
	}
}

// TestBundleOfTheDead holds that what a process was unpacking when it was killed is unpacked again,
// with the same names, and counts once.
func TestBundleOfTheDead(t *testing.T) {
	o := bundleBox(t)
	noon := sendertest.Noon()
	want := bundled(t, o, noon, 5)
	_, bundles, err := o.list("new")
	sendertest.Must(t, err)
	dead := sendertest.DeadProcess(t, lease.This().Domain())
	file := bundles[0] + "~" + claimOf(dead, noon.Add(claimTerm))
	sendertest.Must(t, os.Rename(o.Path("new", bundles[0]), o.Path("claimed", file)))
	sendertest.Write(t, o.Path("new", want[0]), "half")
	sendertest.Write(t, o.Path("tmp", want[1]), "half")
	if got := counted(t, o).Queued; got != 5 {
		t.Errorf("counted: %d", got)
	}
	if live, err := o.Live(lease.This(), noon); err != nil || len(live) != 0 {
		t.Errorf("alive: %q, %v", live, err)
	}
	if !o.Waits(lease.This(), want, noon) {
		t.Error("nothing is to be taken back")
	}
	q, err := o.Prepare(lease.This(), noon, 0)
	sendertest.Must(t, err)
	if !slices.Equal(q.Names, want) {
		t.Errorf("got %q, want %q", q.Names, want)
	}
	if data, err := statefile.Read(o.Path("new", want[0]), maxEntry); err != nil || string(data) == "half" {
		t.Errorf("%q, %v", data, err)
	}
}

// TestBundleOfTheLiving holds that nothing behind a bundle that another process unpacks is delivered.
func TestBundleOfTheLiving(t *testing.T) {
	o := bundleBox(t)
	noon := sendertest.Noon()
	want := bundled(t, o, noon, 2, 2)
	_, bundles, err := o.list("new")
	sendertest.Must(t, err)
	file := bundles[0] + "~" + claimOf(lease.This(), noon.Add(claimTerm))
	sendertest.Must(t, os.Rename(o.Path("new", bundles[0]), o.Path("claimed", file)))
	sendertest.Write(t, o.Path("new", want[0]), "half")
	q, err := o.Prepare(lease.This(), noon, 0)
	sendertest.Must(t, err)
	if len(q.Names) != 0 || !slices.Equal(q.Behind, []string{want[0], bundles[0], bundles[1]}) {
		t.Errorf("got %+v", q)
	}
	_, underway, err := o.DiscardAll(LostRefused, lease.This(), sendertest.Noon, func(string) {})
	sendertest.Must(t, err)
	if !slices.Equal(underway, []string{bundles[0]}) {
		t.Errorf("under way: %q", underway)
	}
}

// TestDamagedBundle holds that what can be read of a bundle is queued, and that the rest counts as
// rejected.
func TestDamagedBundle(t *testing.T) {
	noon := sendertest.Noon()
	for name, damage := range map[string]func([]byte) []byte{
		"cut":     func(data []byte) []byte { return data[:len(data)-20] },
		"empty":   func([]byte) []byte { return nil },
		"rubbish": func(data []byte) []byte { return bytes.Repeat([]byte("x"), len(data)) },
		"zeros":   func(data []byte) []byte { return make([]byte, len(data)) },
		"no names": func([]byte) []byte {
			data, err := pack([]byte("../../x\t{}\n\n\t\n"))
			sendertest.Must(t, err)
			return data
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := bundleBox(t)
			want := bundled(t, o, noon, 100)
			_, bundles, err := o.list("new")
			sendertest.Must(t, err)
			data, err := os.ReadFile(o.Path("new", bundles[0]))
			sendertest.Must(t, err)
			sendertest.Write(t, o.Path("new", bundles[0]), string(damage(data)))
			q, err := o.Prepare(lease.This(), noon, 0)
			sendertest.Must(t, err)
			if got := counted(t, o); got.Rejected != 1 || got.Queued != len(q.Names) || len(q.Behind) != 0 {
				t.Errorf("%+v, %d queued", got, len(q.Names))
			}
			if !slices.Equal(q.Names, want[:len(q.Names)]) || (name != "cut") != (len(q.Names) == 0) {
				t.Errorf("%d are queued", len(q.Names))
			}
		})
	}
}

// TestDiscardBundles holds that each event of a bundle that is thrown away is recorded, once.
func TestDiscardBundles(t *testing.T) {
	noon := sendertest.Noon()
	for name, discard := range map[string]func(o Outbox, each func(string)) (int, error){
		"all": func(o Outbox, each func(string)) (int, error) {
			n, _, err := o.DiscardAll(LostRefused, lease.This(), sendertest.Noon, each)
			return n, err
		},
		"by one": func(o Outbox, each func(string)) (int, error) {
			ended := 0
			_, bundles, err := o.list("new")
			for _, b := range bundles {
				n, discardErr := o.discardBundle("new", b, LostRefused, noon, each)
				ended += n
				if err == nil {
					err = discardErr
				}
			}
			return ended, err
		},
		"where nothing can be moved aside": func(o Outbox, each func(string)) (int, error) {
			sendertest.Must(t, os.RemoveAll(o.Path(discarded)))
			sendertest.Write(t, o.Path(discarded), "")
			n, _, _ := o.DiscardAll(LostRefused, lease.This(), sendertest.Noon, each) // it cannot list what is discarded
			sendertest.Must(t, os.Remove(o.Path(discarded)))
			return n, nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			o := bundleBox(t)
			want := bundled(t, o, noon, 10, 1)
			var told []string
			n, err := discard(o, func(event string) { told = append(told, event) })
			sendertest.Must(t, err)
			slices.Sort(told)
			if n != len(want) || !slices.Equal(told, want) {
				t.Errorf("ended: %d, %d told", n, len(told))
			}
			lost, err := o.Losses()
			sendertest.Must(t, err)
			for _, event := range want {
				if lost.Why[EventID(event)] != LostRefused {
					t.Errorf("%s: %q", event, lost.Why[EventID(event)])
				}
			}
			if got := counted(t, o); got != (Count{Dropped: len(want)}) {
				t.Errorf("%+v", got)
			}
		})
	}
}

// TestRemoveFromBundles holds that the events under a source ID are removed from bundles, and no
// others.
func TestRemoveFromBundles(t *testing.T) {
	noon := sendertest.Noon()
	o := bundleBox(t)
	all := bundled(t, o, noon, 30)
	one := bundled(t, o, noon.Add(time.Second), 1)
	told := 0
	n, err := o.RemoveUnder(sendertest.SampleID, noon, func(string) { told++ })
	sendertest.Must(t, err)
	if n != 21 || told != 21 {
		t.Errorf("removed: %d, %d told", n, told)
	}
	entries, err := o.Entries()
	sendertest.Must(t, err)
	for _, e := range entries {
		if id, _ := e.Values.Get("source"); id != sendertest.OtherID {
			t.Errorf("%s is still there", e.Name())
		}
	}
	if len(entries) != 10 {
		t.Errorf("%d are left", len(entries))
	}
	sendertest.Must(t, o.Trim(noon))
	lost, err := o.Losses()
	sendertest.Must(t, err)
	for _, event := range append(all[:1:1], one...) {
		if lost.Why[EventID(event)] != LostForgotten {
			t.Errorf("%s: %q", event, lost.Why[EventID(event)])
		}
	}
}

// TestBundleBounds holds that the oldest bundles go where there are too many events in them, or
// they are too old, and that what goes is counted.
func TestBundleBounds(t *testing.T) {
	noon := sendertest.Noon()
	o := bundleBox(t)
	old := bundled(t, o, noon.Add(-MaxAge-time.Minute), 4)
	first := bundled(t, o, noon.Add(-time.Hour), 3)
	for i := range MaxBundled / MaxBundle { // by their names alone
		e := Entry{EventID: uuid.New(), TakenAt: noon.Add(time.Duration(i))}
		sendertest.Write(t, o.Path("new", fmt.Sprintf(".%s.%d%s", strings.TrimSuffix(e.Name(), ".json"), MaxBundle, bundleEnding)), "")
	}
	last := bundled(t, o, noon.Add(time.Minute), MaxBundled%MaxBundle)
	if !o.Expires(noon) {
		t.Error("nothing is too old")
	}
	gone, err := o.trim(noon)
	sendertest.Must(t, err)
	if gone != len(old)+len(first) || counted(t, o).OverBounds != gone || counted(t, o).Queued != len(last) {
		t.Errorf("%d are gone, %+v", gone, counted(t, o))
	}
}

// TestBundlesOfSlowStreams holds that bundles count as files too: those of a slow stream have one event
// each.
func TestBundlesOfSlowStreams(t *testing.T) {
	noon := sendertest.Noon()
	o := bundleBox(t)
	old := bundled(t, o, noon.Add(-time.Hour), 1, 1, 1)
	for i := range MaxEvents - 1 { // by their names alone
		e := Entry{EventID: uuid.New(), TakenAt: noon.Add(time.Duration(i))}
		sendertest.Write(t, o.Path("new", fmt.Sprintf(".%s.1%s", strings.TrimSuffix(e.Name(), ".json"), bundleEnding)), "")
	}
	gone, err := o.trim(noon)
	sendertest.Must(t, err)
	if files := len(sendertest.Names(t, o.Path("new"))); gone != len(old)-1 || files != MaxEvents {
		t.Errorf("%d are gone, %d files are left", gone, files)
	}
}

// TestForeignInBundles holds what is a bundle's name, for others pass over it by its dot.
func TestForeignInBundles(t *testing.T) {
	name := "." + strings.TrimSuffix(Entry{EventID: uuid.New(), TakenAt: sendertest.Noon()}.Name(), ".json")
	for file, want := range map[string]int{
		name + ".12.bundle": 12, name + ".12.bundle~1.2.x": 12, name + ".0.bundle": 0, name + ".-1.bundle": 0,
		name[1:] + ".12.bundle": 0, name + ".bundle": 0, ".12.bundle": 0, name + ".12.bundles": 0,
	} {
		if n, is := sizeOfBundle(file); is != (want > 0) || is && n != want {
			t.Errorf("%s: %d, %v", file, n, is)
		}
	}
}

// TestBundlesAreHidden holds that a bundle is in none of the lists by which versions that know no
// bundles find what is queued, being delivered, rejected or discarded, and those are by the dot.
func TestBundlesAreHidden(t *testing.T) {
	o := bundleBox(t)
	bundled(t, o, sendertest.Noon(), 3)
	_, bundles, err := o.list("new")
	sendertest.Must(t, err)
	if len(bundles) != 1 || !strings.HasPrefix(bundles[0], ".") || statefile.IsTemporary(bundles[0]) || IsEntryName(bundles[0]) {
		t.Fatalf("%q", bundles)
	}
	sendertest.Must(t, os.Rename(o.Path("new", bundles[0]), o.Path("claimed", bundles[0]+"~"+claimOf(lease.This(), sendertest.Noon()))))
	bundled(t, o, sendertest.Noon(), 3)
	for _, part := range []string{"tmp", "new", "claimed", "rejected", discarded} {
		if names, err := o.Names(part); err != nil || len(names) != 0 {
			t.Errorf("%s: %q, %v", part, names, err)
		}
	}
	sendertest.Must(t, statefile.Sweep(o.Path("new")))
	if counted(t, o).Queued != 6 {
		t.Error("a sweep takes bundles for what a dead process left")
	}
}
