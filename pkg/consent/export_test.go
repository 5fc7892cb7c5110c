package consent

// What is below [Store], for the tests of files that it would not write.
var (
	FileIn      = fileIn
	WriteFile   = write
	ReadUser    = readUser
	NewDecision = newDecision
)
