// A program that OutLayer runs.
//
// Input on stdin:    {"name":"Alice"}
// Output on stdout:  {"greeting":"hello Alice"}
//
// Ending with anything but 0 fails the request; whoever asked reads what was written to stderr.
package main

import (
	"encoding/json"
	"fmt"
	"os"
)

type input struct {
	Name string `json:"name"`
}

type output struct {
	Greeting string `json:"greeting"`
}

func main() {
	var in input
	if err := json.NewDecoder(os.Stdin).Decode(&in); err != nil {
		fmt.Fprintf(os.Stderr, "the input: %v; give {\"name\":\"Alice\"}\n", err)
		os.Exit(1)
	}
	out, err := json.Marshal(output{"hello " + in.Name})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Stdout.Write(out)
}
