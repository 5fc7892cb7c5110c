package cmd

import (
	"bytes"
	"fmt"

	"github.com/usagectl/usagectl/internal/shell"
	"github.com/usagectl/usagectl/pkg/catalogue"
	"github.com/usagectl/usagectl/pkg/manifest"
)

// leftOutVariable is a variable that a manifest names, and that is not printed.
type leftOutVariable struct {
	Name string `json:"name"`
	Tool string `json:"tool"`
	Why  string `json:"why"`
}

// namedTool is a tool that was named.
type namedTool struct {
	Tool  manifest.ID `json:"tool"`
	Named string      `json:"named,omitempty"` // the name that was given, if it is not the tool's ID
}

// show prints the variables, and says what they do not reach.
func (c *envCommand) show(dialect shell.Dialect, orders catalogue.Orders) {
	var script bytes.Buffer // one write, for a prompt waits
	for _, v := range orders.Variables {
		line, err := scriptLine(dialect, v)
		if err != nil {
			c.warnings = append(c.warnings, fmt.Sprintf("%s is left out: %v", v.Name, err))
			continue
		}
		fmt.Fprintln(&script, line)
	}
	c.stdout.Write(script.Bytes())
	if c.quiet {
		return
	}
	c.showNotes(orders)
	if c.stdout.Terminal && len(orders.Variables) > 0 {
		c.hint("to have this in every shell add a line to its start file: see \"usagectl env --help\"")
	}
}

// showNotes says what is not printed, and what the variables do not reach.
func (c *envCommand) showNotes(orders catalogue.Orders) {
	for _, w := range c.allWarnings(orders) {
		c.warn("%s", w)
	}
	for _, v := range c.leftOut {
		c.note("%s is left out: the manifest of %s names it, but %s", v.Name, v.Tool, v.Why)
	}
	for _, text := range c.notes {
		c.note("%s", text)
	}
	for _, b := range orders.Beyond {
		c.note("no variable reaches %s: %s", b.Tool.Name, c.places(b.Do))
	}
	if c.unseen > 0 {
		c.note("%s", c.unseenText())
	}
}

// unseenText says that there are refused tools that nothing can find.
func (c *envCommand) unseenText() string {
	return fmt.Sprintf("%d tools have no program or file to find, libraries most of them: name those that you use", c.unseen)
}

// scriptLine is what a script has for an order. What the person has in a place that outlives
// the shell, and that a refusal removes, is covered and not erased.
func scriptLine(dialect shell.Dialect, v catalogue.Order) (string, error) {
	switch {
	case v.Unset && v.Refusal:
		return dialect.Hide(v.Name)
	case v.Unset:
		return dialect.Unset(v.Name)
	}
	return dialect.Set(v.Name, v.Value)
}

// document is what "env --json" prints.
func (c *envCommand) document(orders catalogue.Orders) any {
	type variable struct {
		Name  string   `json:"name"`
		Value *string  `json:"value"` // null: it must not be set
		Tools []string `json:"tools"` // for which it is
	}
	type beyond struct {
		Tool string `json:"tool"`
		Name string `json:"name"`
		Do   string `json:"do"`
	}
	variables, unreached := []variable{}, []beyond{}
	for _, v := range orders.Variables {
		item := variable{Name: v.Name, Tools: v.Tools}
		if !v.Unset {
			item.Value = &v.Value
		}
		variables = append(variables, item)
	}
	for _, b := range orders.Beyond {
		unreached = append(unreached, beyond{b.Tool.ID, b.Tool.Name, c.places(b.Do)})
	}
	warnings := c.allWarnings(orders)
	if c.unseen > 0 {
		warnings = append(warnings, c.unseenText())
	}
	return struct {
		Schema    int               `json:"schema"`
		Tools     []namedTool       `json:"tools"` // that were named
		Variables []variable        `json:"variables"`
		Beyond    []beyond          `json:"beyond"`
		LeftOut   []leftOutVariable `json:"left_out"` // named by manifests, and not theirs to set
		Warnings  []string          `json:"warnings"`
	}{1, append([]namedTool{}, c.named...), variables, unreached, append([]leftOutVariable{}, c.leftOut...), warnings}
}

// allWarnings are what is amiss, for people. It is never nil.
func (c *envCommand) allWarnings(orders catalogue.Orders) []string {
	list := append(append([]string{}, c.broken...), c.warnings...)
	for _, w := range orders.Warnings {
		list = append(list, w.Text)
	}
	for _, dir := range c.unread {
		list = append(list, dir+" cannot be read, so tools in it are not found")
	}
	return list
}

// places is [World.places], unless the text is about an image.
func (c *envCommand) places(text string) string {
	if c.root != "" {
		return text
	}
	return c.world.places(text)
}
