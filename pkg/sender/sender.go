package sender

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"time"

	"github.com/usagectl/usagectl/pkg/consent"
	"github.com/usagectl/usagectl/pkg/dirs"
	"github.com/usagectl/usagectl/pkg/manifest"
	"github.com/usagectl/usagectl/pkg/sender/internal/deletion"
	"github.com/usagectl/usagectl/pkg/sender/internal/journal"
	"github.com/usagectl/usagectl/pkg/sender/internal/outbox"
	"github.com/usagectl/usagectl/pkg/sender/internal/transport"
)

// Config is what a [Sender] needs of its surroundings. The zero value means the person
// who runs the process, on their machine, now.
type Config struct {
	// Dirs is where things are kept; the zero value stands for [dirs.Default].
	Dirs dirs.Dirs
	// Env looks variables up; nil stands for [os.LookupEnv].
	Env consent.Env
	// WorkDir is where events are taken, from where the search for .env files that can
	// refuse begins; "" stands for the current directory.
	WorkDir string
	// Now is the clock; nil stands for [time.Now].
	Now func() time.Time
	// Version is the version of the program that sends; nil and "" tell none.
	Version func() string
	// Deliver starts a process that calls [Sender.Run], or, if stdin is not nil,
	// [Sender.RunPipe] with what it reads there; it returns the process ID without
	// waiting. See [Spawn]. nil starts none: the program calls [Sender.Flush] itself.
	Deliver func(stdin *os.File) (pid int, err error)
}

// Sender takes and delivers events, and asks for the deletion of what they left behind.
// It keeps nothing in memory between calls, and is safe for concurrent use, by several
// processes too. [Open] makes one. The zero value knows no directories: it takes nothing,
// and what it is asked ends with [ErrNoState].
type Sender struct {
	at      *dirs.Dirs // nil where no directory is known; nobody changes it
	env     consent.Env
	workDir string
	now     func() time.Time
	version func() string
	deliver func(stdin *os.File) (pid int, err error)

	test   *Loopback       // see [Sender.ForTest]; nil for a sender that is none
	client *http.Client    // for deliveries; see [Sender.online]
	finish context.Context // ends what is under way when a delivery is to end; nil for the delivery's own
	thrown func()          // see [Sender.OnThrownAway]
	idFile string          // where the source ID was found that is being forgotten, not what a file says
}

// Open returns a sender. It reads the environment where c leaves that to it, and makes
// and changes nothing.
func Open(c Config) Sender {
	s := Sender{at: &c.Dirs, env: c.Env, workDir: c.WorkDir, now: c.Now, version: c.Version, deliver: c.Deliver}
	if reflect.ValueOf(c.Dirs).IsZero() {
		c.Dirs = dirs.Default()
	}
	if s.env == nil {
		s.env = os.LookupEnv
	}
	if s.workDir == "" {
		s.workDir, _ = os.Getwd() // "" is looked at by nobody
	}
	return s
}

// dirs are the directories in which things are kept.
func (s Sender) dirs() *dirs.Dirs {
	if s.at == nil {
		return &dirs.Dirs{}
	}
	return s.at
}

// Now is the time by the sender's clock.
func (s Sender) Now() time.Time {
	if s.now == nil {
		return time.Now()
	}
	return s.now()
}

// lookup looks a variable up.
func (s Sender) lookup(name string) (string, bool) {
	if s.env == nil {
		return "", false
	}
	return s.env(name)
}

// OnThrownAway is the sender with a function that [Sender.Refuse], [Sender.Forget] and
// [Sender.EraseHere] call for each queued event as they throw it away, from several goroutines at once: there may be a
// million.
func (s Sender) OnThrownAway(f func()) Sender {
	s.thrown = f
	return s
}

// progressed says that a queued event was thrown away.
func (s Sender) progressed() {
	if s.thrown != nil {
		s.thrown()
	}
}

func (s Sender) programVersion() string {
	if s.version == nil {
		return ""
	}
	return s.version()
}

// ErrNoState says that the state directory is not known, because HOME is not set.
var ErrNoState = errors.New("the state directory is not known: no home directory is found, and XDG_STATE_HOME is not set")

// noState is the error where nothing can be kept: [ErrNoState], or why the state
// directory is not used.
func (s Sender) noState() error {
	if flaw := s.dirs().StateFlaw; flaw != "" {
		return fmt.Errorf("the state directory %s is not used: %s", s.dirs().UncheckedStateDir(), flaw)
	}
	return ErrNoState
}

// flawed is the error of a state directory that is known and cannot be looked into or relied
// on. It is nil where no state directory is known: what is kept is not known then, but this
// process keeps nothing, and can do without.
func (s Sender) flawed() error {
	if s.dirs().StateFlaw == "" {
		return nil
	}
	return s.noState()
}

// state is the directory of outboxes, journals, deletions and keys; "" if it is not
// known or cannot be relied on.
func (s Sender) state() string { return s.dirs().StateDir() }

func (s Sender) outbox(tool manifest.ID) outbox.Outbox { return outbox.Open(s.state(), tool) }

func (s Sender) journal(tool manifest.ID) journal.Journal { return journal.Open(s.state(), tool) }

func (s Sender) deletions() deletion.Store {
	if err := s.flawed(); err != nil {
		return deletion.Unknown(err)
	}
	return deletion.Open(s.state())
}

// keysDir is the directory of the keys of hashes.
func (s Sender) keysDir() string { return filepath.Join(s.state(), "keys") }

// keyPath is the file of the key of a tool's hashes.
func (s Sender) keyPath(tool manifest.ID) string { return filepath.Join(s.keysDir(), tool.String()) }

// manifestOf finds the manifest of an event, in a file if that is not "".
func (s Sender) manifestOf(tool manifest.ID, file string) (*manifest.Manifest, error) {
	if file == "" {
		return manifest.Library{Dirs: s.dirs().Tools()}.Find(tool)
	}
	m, err := manifest.ReadFile(file)
	if err == nil && m.Tool.ID != tool {
		err = fmt.Errorf("%s is now for the tool %s", file, m.Tool.ID)
	}
	return m, err
}

// verdict asks for consent to a tool's telemetry, as seen from a directory.
func (s Sender) verdict(m *manifest.Manifest, dir string) consent.Verdict {
	_, v := consent.Store{Dirs: *s.dirs()}.Ask(m.Tool.ID, m, s.lookup, dir)
	return v
}

// online is the sender with a client for deliveries. It is for one operation; its
// connections go with it.
func (s Sender) online() Sender {
	if s.client == nil {
		s.client = transport.NewClient()
	}
	return s
}

// Stop as the cause with which the context of a delivery is cancelled (see
// [context.WithCancelCause]) has it begin nothing more, and finish what is under way: what
// a receiver has got is not sent again.
type Stop struct {
	Within time.Duration // how long that may take; not longer than the context's own deadline allows
}

func (Stop) Error() string { return "interrupted" }

// stopOf is the [Stop] by which a context has ended, if it has.
func stopOf(ctx context.Context) (stop Stop, ok bool) {
	ok = errors.As(context.Cause(ctx), &stop)
	return stop, ok
}

// finishing is the sender with deliveries that finish what is under way when ctx ends by a
// [Stop].
func (s Sender) finishing(ctx context.Context) Sender {
	finish, end := context.WithCancelCause(context.WithoutCancel(ctx))
	context.AfterFunc(ctx, func() {
		stop, ok := stopOf(ctx)
		if !ok {
			end(context.Cause(ctx))
			return
		}
		if deadline, ok := ctx.Deadline(); ok {
			stop.Within = min(stop.Within, time.Until(deadline))
		}
		time.AfterFunc(stop.Within, func() { end(stop) })
	})
	s.finish = finish
	return s
}

// underway is the context of a request that is part of a delivery in ctx.
func (s Sender) underway(ctx context.Context) context.Context {
	if s.finish != nil {
		return s.finish
	}
	return ctx
}
