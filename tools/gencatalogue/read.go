package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/usagectl/usagectl/internal/tomldoc"
	"github.com/usagectl/usagectl/pkg/catalogue"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// readDir reads every file of the catalogue, sorted by ID. The error holds
// everything that is wrong with any of them.
func readDir(dir string) ([]catalogue.Tool, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var tools []catalogue.Tool
	var all []error
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, err
		}
		t, err := readTool(e.Name(), data)
		if err != nil {
			all = append(all, err)
			continue
		}
		tools = append(tools, t)
	}
	// Not the order of the files, in which "a-b.toml" stands before "a.toml".
	slices.SortFunc(tools, func(a, b catalogue.Tool) int { return strings.Compare(a.ID, b.ID) })
	return tools, errors.Join(all...)
}

// readTool reads one file, strictly.
func readTool(file string, data []byte) (catalogue.Tool, error) {
	id, isTOML := strings.CutSuffix(file, ".toml")
	if _, err := manifest.ParseID(id); err != nil || !isTOML {
		return catalogue.Tool{}, problem{file, 1, "the file's name is not a tool ID and .toml"}
	}
	doc, bad := tomldoc.Parse(data)
	if bad != nil {
		return catalogue.Tool{}, inFile(file, *bad)
	}
	doc.Brief = true
	root := doc.Root()
	tool := readFacts(root)
	tool.ID = id
	tool.Env = readEnv(root)
	tool.CLI = readCLI(root)
	tool.Config = readConfig(root)
	readDetect(root, &tool)
	readEvidence(root, &tool)
	root.Done()
	return tool, inFile(file, doc.Problems()...)
}

func readFacts(t *table) catalogue.Tool {
	tool := catalogue.Tool{
		Name:     text(t, "name"),
		Homepage: text(t, "homepage"),
		Category: text(t, "category"),
		Status:   choice(t, "status", catalogue.Removed, catalogue.NoOp, catalogue.Discontinued),
		Endpoint: str(t, "endpoint"),
		Data:     str(t, "data"),
		Deletion: str(t, "deletion"),
		Notes:    str(t, "notes"),
		IDFile:   str(t, "id_file"),

		DoNotTrack:        choice(t, "do_not_track", "yes", "no"),
		DoNotTrackAccepts: str(t, "do_not_track_accepts"),
	}
	if !t.Has("default") {
		t.Missing("default")
	}
	tool.OptIn = choice(t, "default", "opt-out", "opt-in") == "opt-in"
	if !strings.HasPrefix(tool.Homepage, "https://") && !strings.HasPrefix(tool.Homepage, "http://") {
		t.Fail("homepage", "homepage is %q, not an address on the web", tool.Homepage)
	}
	if tool.DoNotTrackAccepts != "" && tool.DoNotTrack == "no" {
		t.Fail("do_not_track_accepts", "do_not_track_accepts is for a tool that obeys DO_NOT_TRACK")
	}
	return tool
}

func readCLI(root *table) catalogue.CLI {
	t := root.Table("cli")
	defer t.Done()
	return catalogue.CLI{Status: str(t, "status"), Enable: str(t, "enable"), Disable: str(t, "disable")}
}

func readDetect(root *table, tool *catalogue.Tool) {
	t := root.Table("detect")
	tool.Commands, tool.Files, tool.Packages = words(t, "commands"), words(t, "files"), words(t, "packages")
	for _, name := range tool.Commands {
		if strings.ContainsAny(name, `/\ `) {
			t.Fail("commands", "commands holds %q, which is no name of a program", name)
		}
	}
	for _, name := range tool.Files {
		if !fixed(name) || ofProject(name) {
			t.Fail("files", "files holds %q, which does not begin with ~/, /, $NAME/ or ${NAME:-DEFAULT}", name)
		}
	}
	for _, name := range tool.Packages {
		if kind, rest, _ := strings.Cut(name, ":"); kind == "" || rest == "" {
			t.Fail("packages", "packages holds %q, which is not spelled like pypi:name", name)
		}
	}
	t.Done()
}

func readEvidence(root *table, tool *catalogue.Tool) {
	if !root.Has("evidence") {
		root.Missing("evidence")
	}
	t := root.Table("evidence")
	if t.Exists() && !t.Has("level") {
		t.Missing("level")
	}
	tool.Evidence = choice(t, "level", catalogue.FromSource, catalogue.FromDocs, catalogue.FromList)
	if t.Exists() {
		tool.Where = text(t, "where")
	}
	t.Done()
}
