package consent

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/google/uuid"

	"github.com/usagectl/usagectl/internal/statefile"
	"github.com/usagectl/usagectl/pkg/dirs"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// Store is where one person's decisions are kept. Every method that records one does
// all that belongs to it, durably: other processes see the decision before or the
// decision after, and nothing else. Where two are recorded at once the last one counts.
//
// The zero value keeps nothing: every tool is off in it, and nothing can be recorded.
// A Store is plain data, and its methods may be called by several goroutines.
type Store struct {
	Dirs dirs.Dirs
	Now  func() time.Time // nil means [time.Now]
	// Replace lets a decision take the place of a file that exists and cannot be
	// relied on. Without it, that is an [*UnreadableError].
	Replace bool
}

// Errors of [Store], for callers that tell them apart. A decision for which a method
// returns another error than [ErrNotDurable] or [ErrMark] is not recorded.
var (
	// ErrNotDurable says that a decision is recorded, or lifted, and counts, but that a
	// power cut may undo it.
	ErrNotDurable = statefile.ErrNotDurable
	// ErrNoConfigHome says that it is not known where the person's decisions are.
	ErrNoConfigHome = errors.New("no home directory is found, and XDG_CONFIG_HOME is not set")
	// ErrMark says that an agreement is recorded, and that the mark of an earlier refusal
	// still keeps telemetry off, because it cannot be written.
	ErrMark = errors.New("the decision is recorded, but nothing is sent under it")
	// ErrDecided says that somebody decided before an answer could be recorded, whose
	// decision holds.
	ErrDecided = errors.New("it was decided meanwhile")
)

// UnreadableError says that a consent file exists, and cannot be relied on. It is
// somebody's word all the same: it keeps telemetry off and is not overwritten.
type UnreadableError struct {
	Path    string // the file, or its directory if that is what is wrong
	Problem string // for people
}

func (e *UnreadableError) Error() string {
	return fmt.Sprintf("%s is not overwritten, though it cannot be used: %s", e.Path, e.Problem)
}

// LevelError says that a tool does not have the level that was agreed to.
type LevelError struct {
	Tool   manifest.ID
	Level  int
	Levels int // how many the tool has
}

func (e *LevelError) Error() string {
	return fmt.Sprintf("%s has levels 1 to %d, not %d", e.Tool, e.Levels, e.Level)
}

// Ask answers whether a tool's telemetry is on: it gathers the facts, and decides. m
// is nil for a tool without a manifest, a nil env is an empty environment, and workDir
// is where the search for .env files begins. It reads files and changes nothing.
func (s Store) Ask(id manifest.ID, m *manifest.Manifest, env Env, workDir string) (Facts, Verdict) {
	f := Gather(id, m, env, s.Dirs, workDir)
	return f, Decide(id, m, f)
}

// File is the path of the person's consent file of a tool, or of all with the zero ID;
// "" if it is not known where that would be.
func (s Store) File(id manifest.ID) string {
	dir := s.Dirs.UserConsent()
	if dir == "" {
		return ""
	}
	return fileIn(dir, id)
}

// Grant records that the person agrees to what a manifest declares up to a level. If
// they had agreed to send to the same endpoint before, it is the same agreement, so
// that what is queued under it stays. It may return a [*LevelError].
func (s Store) Grant(m *manifest.Manifest, level int) error { return s.grant(m, level, false) }

// GrantFirst is [Store.Grant] for an answer to a question, which was asked because nothing
// was decided. If something is by now, be it in the same moment, that holds, and the error
// is [ErrDecided].
func (s Store) GrantFirst(m *manifest.Manifest, level int) error { return s.grant(m, level, true) }

func (s Store) grant(m *manifest.Manifest, level int, first bool) error {
	if m == nil {
		return errors.New("there is nothing to agree to without a manifest")
	}
	if levels := len(m.Consent.Levels); level < 1 || level > levels {
		return &LevelError{m.Tool.ID, level, levels}
	}
	old, err := s.before(m.Tool.ID)
	if err != nil {
		return err
	}
	all := readUser(s.Dirs, manifest.ID{}).Decision
	if first && (old.State == Granted || old.State == Refused || all.concerns(m.Tool.ID, old.Decision)) {
		return ErrDecided
	}
	terms := Offer(m, level)
	terms.Grant = uuid.NewString()
	if old.State == Granted && old.Endpoint == terms.Endpoint && old.Grant != "" && !all.concerns(m.Tool.ID, old.Decision) {
		terms.Grant = old.Grant
	}
	// It comes after the refusal of all that was read above, and not after one that somebody
	// records this moment.
	d := s.agreement(terms, all)
	var written error
	if first && old.State == "" {
		written = s.writeFirst(m.Tool.ID, d)
	} else {
		written = s.write(m.Tool.ID, d)
	}
	if !statefile.Done(written) {
		return written
	}
	healed := heal(s.Dirs, m.Tool.ID, s.now())
	if !statefile.Done(healed) {
		return fmt.Errorf("%w: %w", ErrMark, healed)
	}
	return errors.Join(written, healed)
}

// GrantOwn records that the person agrees to what a tool without a manifest does on its
// own. Nothing is sent for it from here. endpoint is where the tool sends to, or "".
func (s Store) GrantOwn(id manifest.ID, endpoint string) error {
	if _, err := s.before(id); err != nil {
		return err
	}
	terms := Terms{Grant: uuid.NewString(), Level: 1, Endpoint: cmp.Or(endpoint, id.String())}
	return s.write(id, s.agreement(terms, readUser(s.Dirs, manifest.ID{}).Decision))
}

// agreement is the decision that records an agreement of now. all is what is said of all tools.
func (s Store) agreement(terms Terms, all Decision) Decision {
	d := newDecision(Granted, terms, s.now())
	if all.State == Refused {
		d.Despite = all.name()
	}
	return d
}

// Refuse records that the person refuses a tool, known or not. What is queued stays
// where it is, and never leaves.
func (s Store) Refuse(id manifest.ID) error {
	if id.IsZero() {
		return s.RefuseAll()
	}
	if _, err := s.before(id); err != nil {
		return err
	}
	return s.refuse(id, newDecision(Refused, Terms{}, s.now()))
}

// RefuseAll records that the person refuses all tools, known or not, but for those that
// are named, which stay as they are. What they agreed to before is withdrawn, and does
// not come back when the refusal is lifted; what they agree to after it counts.
func (s Store) RefuseAll(except ...manifest.ID) error {
	if _, err := s.before(manifest.ID{}); err != nil {
		return err
	}
	for _, id := range except {
		if err := s.except(id); err != nil {
			return err
		}
	}
	d := newDecision(Refused, Terms{}, s.now())
	d.Refusal, d.Except = uuid.NewString(), exceptions(except)
	err := s.refuse(manifest.ID{}, d)
	if statefile.Done(err) {
		_ = s.withdraw(d) // what stays does not count, and lifting the refusal removes it
	}
	return err
}

// refuse records a refusal, and marks it.
func (s Store) refuse(id manifest.ID, d Decision) error {
	err := s.write(id, d)
	if statefile.Done(err) {
		// The clock is asked again, so that the mark is not older than an event for which
		// consent was asked just before. A mark that fails does no harm: the refusal is in
		// force, and lifting it marks it too.
		_ = statefile.Write(markOf(s.File(id)), mark{s.now(), d.Except}.text(), 0o600, 0o700)
	}
	return err
}

// Lift takes back the person's refusal of a tool, or of all of them with the zero ID.
// It does not agree to anything: a tool that was not decided since is undecided then.
// It returns false if there was no refusal, and leaves an agreement as it is.
func (s Store) Lift(id manifest.ID) (lifted bool, err error) {
	old, err := s.before(id)
	if errors.Is(err, ErrNoConfigHome) {
		return false, nil // nothing can have been refused there
	}
	if err != nil {
		return false, err
	}
	var healed error
	if id.IsZero() {
		if healed = heal(s.Dirs, id, s.now()); !statefile.Done(healed) {
			return false, healed
		}
	}
	if old.State != Refused && !old.damaged {
		return false, healed
	}
	if id.IsZero() {
		old.State = Refused // also one that is damaged, which may have been about any tool
		if err := s.withdraw(old.Decision); !statefile.Done(err) {
			return false, err
		}
	}
	if err := lift(s.File(id), mark{s.now(), old.Except}); !statefile.Done(err) {
		return false, err
	} else if err != nil {
		healed = errors.Join(healed, err)
	}
	return true, healed
}

// NoticeDue reports whether a tool is off only because the person has not seen its
// notice, or sends only what was in the notice that they have seen although its manifest
// declares more by now, and [Store.Acknowledge] has a place to record that they have seen
// it. More than a person agreed to takes their word, not a notice.
func (s Store) NoticeDue(v Verdict) bool {
	due := v.Reason.Rule == Notice || v.Reason.Rule == ByNotice && len(v.NewFields)+len(v.NewEvents) > 0
	return due && s.File(v.tool) != ""
}

// Acknowledge records that the person has seen the notice of an opt-out tool: from now
// on what its manifest declares at the lowest level is sent. What is queued under an
// earlier notice stays, if the endpoint is the same. It changes nothing if they
// have agreed or refused.
func (s Store) Acknowledge(m *manifest.Manifest) error {
	if m == nil || m.Consent.Default != manifest.OptOut {
		return errors.New("only a tool that is on unless somebody refuses has a notice")
	}
	old, err := s.before(m.Tool.ID)
	if err != nil || old.State == Granted || old.State == Refused {
		return err
	}
	all := readUser(s.Dirs, manifest.ID{}).Decision
	terms := Offer(m, 1)
	terms.Grant = uuid.NewString()
	if old.State == Notified && old.Endpoint == terms.Endpoint && !all.concerns(m.Tool.ID, old.Decision) {
		terms.Grant = old.Grant
	}
	return s.write(m.Tool.ID, newDecision(Notified, terms, s.now()))
}

// previous is a decision that may be written over.
type previous struct {
	Decision
	damaged bool // it cannot be read, and is to be replaced
}

// before reads what is recorded now. It is an error if that must not be written over.
func (s Store) before(id manifest.ID) (previous, error) {
	if s.File(id) == "" {
		return previous{}, ErrNoConfigHome
	}
	old := readOwn(s.Dirs, id)
	if old.Problem != "" && !s.Replace {
		return previous{}, &UnreadableError{old.Path, old.Problem}
	}
	return previous{old.Decision, old.Problem != ""}, nil
}

// write records a decision. Nobody can agree for all tools: they have not seen them.
func (s Store) write(id manifest.ID, d Decision) error {
	if id.IsZero() && d.State != Refused {
		return errors.New("nobody can agree to all tools at once")
	}
	err := write(s.File(id), d)
	s.answered(id, err)
	return err
}

// writeFirst is [Store.write] where no decision about the tool is recorded.
func (s Store) writeFirst(id manifest.ID, d Decision) error {
	body, err := d.text()
	if err != nil {
		return err
	}
	err = statefile.Create(s.File(id), body, 0o700)
	if errors.Is(err, os.ErrExist) {
		return ErrDecided
	}
	s.answered(id, err)
	return err
}

// answered removes how often the person was asked, once they have decided. What stays does no
// harm: nobody is asked about what is decided.
func (s Store) answered(id manifest.ID, err error) {
	if statefile.Done(err) && !id.IsZero() {
		_ = s.ForgetAsking(id)
	}
}

func (s Store) now() time.Time {
	if s.Now == nil {
		return time.Now()
	}
	return s.Now()
}
