package cmd

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/usagectl/usagectl/pkg/manifest"
)

// noSuchCommand refuses words that are no command, and names the nearest one.
func noSuchCommand(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return fmt.Errorf("there is no command %s%s", manifest.Quote(args[0]), didYouMean(args[0], commandNames(c), ""))
}

// words holds how many words a command takes, and says which they are.
func words(least, most int) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) < least || len(args) > most {
			return errors.New("the command is: " + c.CommandPath() + strings.TrimPrefix(c.Use, c.Name()))
		}
		return nil
	}
}

// badFlag says what is wrong with a flag in this program's words, which do not
// tell how it was parsed.
func badFlag(c *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	var bare *pflag.ValueRequiredError
	var invalid *pflag.InvalidValueError
	switch {
	case errors.As(err, &unknown) && unknown.GetSpecifiedShortnames() != "":
		long := "--" + unknown.GetSpecifiedShortnames() // "-json"
		return fmt.Errorf("there is no flag %s%s", manifest.Quote("-"+unknown.GetSpecifiedName()), didYouMean(long, slices.DeleteFunc(flagNames(c), func(name string) bool { return name != long }), ""))
	case errors.As(err, &unknown):
		name := unknown.GetSpecifiedName()
		return fmt.Errorf("there is no flag %s%s", manifest.Quote("--"+name), didYouMean("--"+name, flagNames(c), ""))
	case errors.As(err, &bare):
		value, _ := pflag.UnquoteUsage(bare.GetFlag())
		return fmt.Errorf("--%s needs a value: %s", bare.GetFlag().Name, value)
	case errors.As(err, &invalid):
		f := invalid.GetFlag()
		return fmt.Errorf("--%s is %s: %s is needed", f.Name, manifest.Quote(invalid.GetValue()), needed(f))
	}
	return err
}

// exclusive holds that of each group of flags one is given at most. The library,
// whose completion is to know it too, would say so in words of its own, after this.
func exclusive(c *cobra.Command, groups ...[]string) {
	for _, group := range groups {
		c.MarkFlagsMutuallyExclusive(group...)
	}
	c.PreRunE = func(c *cobra.Command, _ []string) error {
		for _, group := range groups {
			given := slices.DeleteFunc(slices.Clone(group), func(name string) bool { return !c.Flags().Changed(name) })
			if len(given) > 1 {
				return fmt.Errorf("--%s and --%s cannot be combined", given[0], given[1])
			}
		}
		return nil
	}
}

// flagNames are the flags of a command, and those of every command.
func flagNames(c *cobra.Command) []string {
	var names []string
	c.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, "--"+f.Name) })
	return names
}

// notNegative holds that the time of a flag is not.
func notNegative(flag string, time time.Duration) error {
	if time < 0 {
		return fmt.Errorf("--%s is %q: a time of 0 or more is needed", flag, time.String())
	}
	return nil
}

// needed says what a flag's value must be.
func needed(f *pflag.Flag) string {
	switch f.Value.Type() {
	case "int":
		return "a whole number"
	case "duration":
		return "a time such as 500ms, 10s or 2m"
	case "bool":
		return "true or false"
	}
	return "another value"
}

// commandNames are the commands that people are told of.
func commandNames(c *cobra.Command) []string {
	var names []string
	for _, sub := range c.Commands() {
		if !sub.Hidden {
			names = append(names, sub.Name())
		}
	}
	return names
}

// oneOrAll holds that a command names tools or says --all.
func oneOrAll(names []string, all bool) error {
	switch {
	case all && len(names) > 0:
		return fail(exitUsage, errors.New("name tools, or say --all, not both"))
	case !all && len(names) == 0:
		return fail(exitUsage, errors.New("which tool? name one or more"), `see the tools on this machine with "usagectl status"`)
	}
	return nil
}
