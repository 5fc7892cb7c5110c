// A program of another module that sends by usagectl's packages. TestLibrary runs it.
module example.org/tidewatch

go 1.25.0

require github.com/usagectl/usagectl v0.0.0

replace github.com/usagectl/usagectl => ../../..
