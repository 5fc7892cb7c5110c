package cmd

// wordsOfTools are the words that can stand at the cursor behind a command of "tools".
func (l *line) wordsOfTools(string) []offer { return nil }
