package sender

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/usagectl/usagectl/pkg/dirs"
	"github.com/usagectl/usagectl/pkg/identity"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender/internal/sendertest"
)

// zeroCalls calls every exported method of a sender that knows no directories, each with
// zero values, and holds what it returns.
func zeroCalls(t testing.TB, s Sender) map[string]func() {
	ctx := t.Context()
	none := func(err error) {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
	}
	noState := func(err error) {
		t.Helper()
		if !errors.Is(err, ErrNoState) {
			t.Errorf("got %v, want %v", err, ErrNoState)
		}
	}
	same := func(got, want any) {
		t.Helper()
		if !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, want %+v", got, want)
		}
	}
	return map[string]func(){
		"AskRefused": func() { none(s.AskRefused(ctx, manifest.ID{}, nil)) },
		"AwaitDeliverers": func() {
			same(s.AwaitDeliverers(ctx), 0)
			same(s.AwaitDeliverers(ctx, manifest.ID{}), 0)
		},
		"Confirm": func() {
			_, err := s.Confirm(ctx, uuid.UUID{})
			same(errors.Is(err, ErrNoRequest), true)
		},
		"Deletions": func() {
			list, err := s.Deletions()
			same(len(list), 0)
			noState(err)
		},
		"EraseHere": func() {
			e, err := s.EraseHere(ctx, manifest.ID{})
			same(e, Emptied{})
			none(err)
		},
		"Flush": func() {
			same(s.Flush(ctx, nil, nil), []Summary{})
			noState(s.Flush(ctx, []manifest.ID{{}}, nil)[0].Held)
		},
		"FlushDeletions": func() { none(s.FlushDeletions(ctx, nil)) },
		"ForTest": func() {
			out := s.ForTest(Loopback{}).Take(ctx, Event{Manifest: &manifest.Manifest{}})
			same(out.Outcome, Dropped)
		},
		"Forget": func() {
			d, removed, err := s.Forget(ctx, Forgetting{})
			same(errors.Is(err, ErrNotFiled), true)
			noState(err)
			same(d, Deletion{})
			same(len(removed), 0)
		},
		"Keeps": func() { same(s.Keeps(manifest.ID{}), false) },
		"Now":   func() { same(s.Now().IsZero(), false) },
		"Preview": func() {
			_, err := s.Preview(Event{}, 0)
			same(errors.Is(err, manifest.ErrUnknownTool), true)
			var unknown *EventError
			_, err = s.Preview(Event{Manifest: &manifest.Manifest{}}, 0)
			same(errors.As(err, &unknown), true)
		},
		"PreviewDeletions": func() {
			list, err := s.PreviewDeletions(Forgetting{})
			same(len(list), 0)
			none(err)
		},
		"Queued": func() {
			n, err := s.Queued(manifest.ID{})
			same(n, 0)
			noState(err)
		},
		"QueuedEvents": func() {
			list, err := s.QueuedEvents(&manifest.Manifest{})
			same(len(list), 0)
			noState(err)
		},
		"Declare": func() { none(s.Declare(ctx, &manifest.Manifest{})) },
		"Traces": func() {
			got, err := s.Traces(manifest.ID{})
			same(got, Traces{})
			none(err)
		},
		"UndeclaredEvents": func() {
			list, err := s.UndeclaredEvents(manifest.ID{})
			same(len(list), 0)
			noState(err)
		},
		"Refuse": func() {
			called := 0
			r := s.Refuse(ctx, manifest.ID{}, func() error { called++; return nil })
			same(r, Refusal{Unkept: true}) // nothing can be kept, so nobody knows
			same(called, 1)
			failed := errors.New("the disk")
			same(s.Refuse(ctx, manifest.ID{}, func() error { return failed }).Recorded, failed)
		},
		"ResumeDeletions": func() { none(s.ResumeDeletions(ctx, manifest.ID{}, nil)) },
		"Retry": func() {
			n, err := s.Retry(manifest.ID{})
			same(n, 0)
			noState(err)
		},
		"Run": func() { s.Run(ctx) },
		"RunPipe": func() {
			none(s.RunPipe(ctx, strings.NewReader("")))
			if err := s.RunPipe(ctx, strings.NewReader("{}\n")); err == nil {
				t.Error("what is no entry is one")
			}
		},
		"SentRecords": func() {
			noState(s.SentRecords(manifest.ID{}, nil, func(Record) error { return errors.New("there is a record") }))
		},
		"OnThrownAway": func() { same(s.OnThrownAway(nil).thrown == nil, true) },
		"SourceID":     func() { same(s.SourceID(&manifest.Manifest{}), identity.Unavailable) },
		"StartForDue":  func() { none(s.StartForDue()) },
		"Unrecorded":   func() { same(s.Unrecorded(manifest.ID{}), ErrNoState.Error()) },
		"Status": func() {
			st, err := s.Status(manifest.ID{})
			same(st, Status{Unrecorded: ErrNoState.Error()})
			noState(err)
		},
		"Take": func() {
			got := s.Take(ctx, Event{})
			same(got.Outcome, Dropped)
			same(got.Reason.Rule, RuleData)
			same(errors.Is(got.Err, manifest.ErrUnknownTool), true)
			m := sendertest.Tool(t, "mytool", sendertest.Nowhere, `method = "none"`)
			for _, e := range []Event{{Manifest: m, Name: "run"}, {Manifest: m, Name: "run", Wait: time.Minute, Strict: true}, {Manifest: m, Name: "run", DryRun: true}} {
				got = s.Take(ctx, e)
				same(got.Outcome, Off)
				same(got.EventID, uuid.Nil)
			}
			same(s.Take(ctx, Event{Manifest: &manifest.Manifest{}}).Outcome, Dropped)
		},
		"TakeStream": func() {
			same(s.TakeStream(ctx, Stream{}, nil).Taken, 0)
			got := s.TakeStream(ctx, Stream{}, strings.NewReader("x\n\ny"))
			same(got.Dropped, 2)
			same(errors.Is(got.Err, manifest.ErrUnknownTool), true)
			m := sendertest.Tool(t, "mytool", sendertest.Nowhere, `method = "none"`)
			got = s.TakeStream(ctx, Stream{Manifest: m}, strings.NewReader("{}"))
			same(got.Off, 1)
		},
		"Kept": func() {
			list, err := s.Kept()
			same(len(list), 0)
			noState(err)
		},
		"Tools": func() {
			list, err := s.Tools()
			same(len(list), 0)
			noState(err)
		},
		"Told": func() { noState(s.Told(manifest.ID{})) },
		"Untold": func() {
			n, err := s.Untold(manifest.ID{})
			same(n, 0)
			noState(err)
		},
		"Unused": func() { same(s.Unused(), []Unused{}) },
	}
}

// TestZeroSender holds that no method of the zero value panics, and what each returns.
func TestZeroSender(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // for what waits
		calls := zeroCalls(t, Sender{})
		for i := range reflect.TypeFor[Sender]().NumMethod() {
			name := reflect.TypeFor[Sender]().Method(i).Name
			if calls[name] == nil {
				t.Errorf("nothing is held of %s", name)
				continue
			}
			calls[name]()
		}
	})
}

// TestZeroConfig holds that the zero value means this person and this process, and that
// opening a sender makes nothing.
func TestZeroConfig(t *testing.T) {
	home := t.TempDir()
	for _, name := range []string{"HOME", "USERPROFILE"} {
		t.Setenv(name, home)
	}
	for _, name := range []string{"XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME"} {
		t.Setenv(name, filepath.Join(home, name))
	}
	t.Setenv("USAGECTL_TEST_VARIABLE", "x")
	t.Chdir(home)
	s := Open(Config{})
	if !reflect.DeepEqual(*s.dirs(), dirs.Default()) {
		t.Errorf("directories: %+v, want %+v", s.dirs(), dirs.Default())
	}
	if wd, err := os.Getwd(); err != nil || s.workDir != wd {
		t.Errorf("it works in %s, %v", s.workDir, err)
	}
	if v, ok := s.lookup("USAGECTL_TEST_VARIABLE"); v != "x" || !ok {
		t.Errorf("a variable is %q, %v", v, ok)
	}
	if past := time.Since(s.Now()); past < 0 || past > time.Hour || s.programVersion() != "" {
		t.Errorf("now is %v, the version %q", s.Now(), s.programVersion())
	}
	if got := s.Take(t.Context(), Event{Tool: "nosuchtool", Name: "run"}); got.Outcome != Dropped {
		t.Errorf("%+v", got)
	}
	if left := sendertest.Tree(t, home); len(left) != 0 {
		t.Errorf("made: %q", left)
	}
}

// scribble writes over all that can be reached from a value without copying it.
func scribble(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			scribble(v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				scribble(v.Field(i))
			}
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			scribble(v.Index(i))
		}
	case reflect.Map:
		v.Clear()
	case reflect.String:
		if v.CanSet() {
			v.SetString("scribbled")
		}
	case reflect.Uint8:
		if v.CanSet() {
			v.SetUint('!')
		}
	}
}

// TestNothingIsShared holds that whatever a caller does with what is handed out, the same
// call says the same again.
func TestNothingIsShared(t *testing.T) {
	s, m, _ := takingAt(t, sendertest.Nowhere)
	m.Send.Headers = []manifest.Header{{Name: "X-Plain", Value: "plain"}}
	f := filed(t, s, sendertest.Tool(t, "mytool", sendertest.Nowhere, sendertest.ByHTTP(sendertest.Nowhere)))
	sendertest.Write(t, filepath.Join(s.dirs().Home, ".mytool", "source"), otherID)
	queued := s.Take(t.Context(), Event{Manifest: m, Name: "run", Values: map[string]any{"n": 1, "list": []string{"a"}}})
	if queued.Outcome != Queued {
		t.Fatalf("%+v", queued)
	}
	values := map[string]any{"n": 1, "list": []any{"a", "b"}, "nosuch": 1}
	for name, call := range map[string]func() any{
		"Take": func() any {
			out := s.Take(t.Context(), Event{Manifest: m, Name: "run", Values: values, DryRun: true})
			return &out
		},
		"Take, an unknown event": func() any {
			out := s.Take(t.Context(), Event{Manifest: m, Name: "nosuch"})
			return &out
		},
		"Preview": func() any {
			out, err := s.Preview(Event{Manifest: m, Name: "run", Values: values}, 0)
			sendertest.Must(t, err)
			return &out
		},
		"PreviewDeletions": func() any {
			out, err := s.PreviewDeletions(Forgetting{Tools: []*manifest.Manifest{m}, SourceID: sampleID})
			sendertest.Must(t, err)
			for i := range out {
				out[i].Wire.Body, out[i].Wire.Text = nil, "" // which have a new ID in them
				out[i].RequestID, out[i].Document = uuid.Nil, nil
			}
			return out
		},
		"Deletions": func() any {
			out, err := s.Deletions(f.Tools...)
			sendertest.Must(t, err)
			return out
		},
		"QueuedEvents": func() any {
			out, err := s.QueuedEvents(m)
			sendertest.Must(t, err)
			return out
		},
	} {
		first := call()
		want := spelled(reflect.ValueOf(first))
		scribble(reflect.ValueOf(first))
		if spelled(reflect.ValueOf(first)) == want {
			t.Errorf("%s: nothing was written over in %s", name, want)
		}
		if got := spelled(reflect.ValueOf(call())); got != want {
			t.Errorf("%s: it became\n%s of\n%s", name, got, want)
		}
	}
	if !reflect.DeepEqual(values, map[string]any{"n": 1, "list": []any{"a", "b"}, "nosuch": 1}) {
		t.Errorf("the caller's values became %v", values)
	}
}

// spelled is a value as text, with what its pointers point to.
func spelled(v reflect.Value) string {
	var parts []string
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return "nil"
		}
		return spelled(v.Elem())
	case reflect.Struct:
		if at, ok := v.Interface().(time.Time); ok {
			return at.String()
		}
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				parts = append(parts, v.Type().Field(i).Name+":"+spelled(v.Field(i)))
			}
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return string(v.Bytes())
		}
		for i := range v.Len() {
			parts = append(parts, spelled(v.Index(i)))
		}
	default:
		return fmt.Sprint(v.Interface())
	}
	return "{" + strings.Join(parts, " ") + "}"
}

// TestConcurrentUse has a sender take events, and deliver and list them, at once.
func TestConcurrentUse(t *testing.T) {
	r := sendertest.NewReceiver(t, nil)
	s, _, _ := takingAt(t, r.URL)
	s.now, s.deliver = time.Now, nil
	tool := sendertest.ToolID(t, "mytool")
	const callers, events = 4, 5
	done := make(chan struct{})
	for range callers {
		go func() {
			defer func() { done <- struct{}{} }()
			for range events {
				if got := s.Take(context.Background(), Event{Tool: "mytool", Name: "run"}); got.Outcome != Queued {
					t.Errorf("%+v", got)
				}
				s.Flush(context.Background(), []manifest.ID{tool}, nil)
				if _, err := s.Status(tool); err != nil {
					t.Error(err)
				}
			}
		}()
	}
	for range callers {
		<-done
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	s.Flush(ctx, []manifest.ID{tool}, nil)
	if records := sentBy(t, s, tool); len(records) < callers*events || queuedIn(t, s) != 0 {
		t.Errorf("%d records, %d queued", len(records), queuedIn(t, s))
	}
}
