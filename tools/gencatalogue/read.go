package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

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
	doc, err := newDocument(file, data)
	if err != nil {
		return catalogue.Tool{}, err
	}
	root := &table{doc: doc, vals: doc.root}
	tool := readFacts(root)
	tool.ID = id
	tool.Env = readEnv(root)
	tool.CLI = readCLI(root)
	tool.Config = readConfig(root)
	readDetect(root, &tool)
	readEvidence(root, &tool)
	root.done()
	return tool, doc.err()
}

func readFacts(t *table) catalogue.Tool {
	tool := catalogue.Tool{
		Name:     t.text("name"),
		Homepage: t.text("homepage"),
		Category: t.text("category"),
		Status:   choice(t, "status", catalogue.Removed, catalogue.NoOp, catalogue.Discontinued),
		Endpoint: t.str("endpoint"),
		Data:     t.str("data"),
		Deletion: t.str("deletion"),
		Notes:    t.str("notes"),
		IDFile:   t.str("id_file"),

		DoNotTrack:        choice(t, "do_not_track", "yes", "no"),
		DoNotTrackAccepts: t.str("do_not_track_accepts"),
	}
	if _, there := t.vals["default"]; !there {
		t.missing("default")
	}
	tool.OptIn = choice(t, "default", "opt-out", "opt-in") == "opt-in"
	if !strings.HasPrefix(tool.Homepage, "https://") && !strings.HasPrefix(tool.Homepage, "http://") {
		t.fail("homepage", "homepage is %q, not an address on the web", tool.Homepage)
	}
	if tool.DoNotTrackAccepts != "" && tool.DoNotTrack == "no" {
		t.fail("do_not_track_accepts", "do_not_track_accepts is for a tool that obeys DO_NOT_TRACK")
	}
	return tool
}

func readCLI(root *table) catalogue.CLI {
	t := root.sub("cli")
	defer t.done()
	return catalogue.CLI{Status: t.str("status"), Enable: t.str("enable"), Disable: t.str("disable")}
}

func readDetect(root *table, tool *catalogue.Tool) {
	t := root.sub("detect")
	tool.Commands, tool.Files, tool.Packages = t.strings("commands"), t.strings("files"), t.strings("packages")
	for _, name := range tool.Commands {
		if strings.ContainsAny(name, `/\ `) {
			t.fail("commands", "commands holds %q, which is no name of a program", name)
		}
	}
	for _, name := range tool.Files {
		if !fixed(name) {
			t.fail("files", "files holds %q, which does not begin with ~/, / or $NAME/", name)
		}
	}
	for _, name := range tool.Packages {
		if kind, rest, _ := strings.Cut(name, ":"); kind == "" || rest == "" {
			t.fail("packages", "packages holds %q, which is not spelled like pypi:name", name)
		}
	}
	t.done()
}

func readEvidence(root *table, tool *catalogue.Tool) {
	if _, there := root.vals["evidence"]; !there {
		root.missing("evidence")
	}
	t := root.sub("evidence")
	if _, there := t.vals["level"]; !there && t.vals != nil {
		t.missing("level")
	}
	tool.Level = choice(t, "level", catalogue.FromSource, catalogue.FromDocs, catalogue.FromList)
	if t.vals != nil {
		tool.Where = t.text("where")
	}
	t.done()
}
