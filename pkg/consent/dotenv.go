package consent

import (
	"os"
	"path/filepath"
	"unicode/utf8"

	"github.com/usagectl/usagectl/internal/dotenv"
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
		case err == nil && !utf8.Valid(data): // as Windows PowerShell writes one
			return path + " cannot be read: it is not UTF-8"
		case err == nil:
			if found := refusalIn(dotenv.Parse(data), rules, env); found != "" {
				return found + " in " + path
			}
		case !statefile.NotThere(err) && !isDir(path):
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
