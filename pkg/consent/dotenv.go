package consent

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/usagectl/usagectl/internal/statefile"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// maxDotenv is the size, in bytes, of the largest .env file that is read.
const maxDotenv = 1 << 20

// dotenvRefusal looks in the .env files from dir upwards for a variable that
// refuses, and says where it found one. A variable that is set for real wins
// over the files, as python-dotenv has it. A file that is there and cannot be
// read refuses too: it may say so.
func dotenvRefusal(dir string, rules []manifest.EnvRule, env Env) string {
	for {
		path := filepath.Join(dir, ".env")
		data, _, err := statefile.ReadRegular(path, maxDotenv, true)
		switch {
		case err == nil:
			if found := refusalIn(parseDotenv(data), rules, env); found != "" {
				return found + " in " + path
			}
		case !errors.Is(err, os.ErrNotExist) && !isDir(path):
			return path + " cannot be read: " + problem(err)
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return ""
		}
		dir = parent
	}
}

// isDir excuses a directory called .env: Python's virtual environments live in such.
func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

func refusalIn(vars map[string]string, rules []manifest.EnvRule, env Env) string {
	for _, r := range rules {
		value, ok := vars[r.Env]
		if _, real := env(r.Env); ok && !real && r.Refuses(value) {
			return r.Describe(value)
		}
	}
	return ""
}

// parseDotenv reads the lines of a .env file that set a variable, the last one
// winning: KEY=value and export KEY="value", but not a bare KEY. Windows line
// ends and a byte order mark are allowed. Everything else is passed over.
func parseDotenv(data []byte) map[string]string {
	vars := map[string]string{}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSpace(line)
		if rest, ok := strings.CutPrefix(line, "export"); ok && rest != strings.TrimLeft(rest, " \t") {
			line = strings.TrimLeft(rest, " \t")
		}
		key, value, ok := strings.Cut(line, "=")
		if !ok || strings.HasPrefix(line, "#") {
			continue
		}
		key = strings.Trim(strings.TrimSpace(key), "'\"")
		vars[key] = unquote(strings.TrimSpace(value))
	}
	return vars
}

// unquote takes a value out of its quotes, or cuts the comment off one without.
func unquote(value string) string {
	if value != "" && (value[0] == '"' || value[0] == '\'') {
		if end := strings.IndexByte(value[1:], value[0]); end >= 0 {
			return value[1 : 1+end]
		}
	}
	for i, c := range value {
		if c == '#' && (i == 0 || value[i-1] == ' ' || value[i-1] == '\t') {
			value = value[:i]
			break
		}
	}
	return strings.TrimSpace(value)
}
