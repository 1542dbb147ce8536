// Package qr draws a text as a QR code that a phone reads off a terminal.
package qr

import (
	"fmt"
	"strings"

	"rsc.io/qr"
)

const (
	quiet   = 4   // modules of empty border that ISO/IEC 18004 asks for
	maxText = 512 // more would not fit on a usual terminal
)

// Draw gives the lines of the picture, two rows of modules in a line. It fills the light modules and leaves the dark
// ones empty: right on a dark terminal, and inverted on a light one, which readers take as well.
func Draw(text string) ([]string, error) {
	if len(text) > maxText {
		return nil, fmt.Errorf("a text of %d bytes is too long for a QR code on a terminal", len(text))
	}
	code, err := qr.Encode(text, qr.L)
	if err != nil {
		return nil, err
	}
	var lines []string
	for y := -quiet; y < code.Size+quiet; y += 2 {
		lines = append(lines, row(code, y))
	}
	return lines, nil
}

func row(code *qr.Code, y int) string {
	var line strings.Builder
	for x := -quiet; x < code.Size+quiet; x++ {
		upper, lower := !code.Black(x, y), !code.Black(x, y+1)
		switch {
		case upper && lower:
			line.WriteRune('█')
		case upper:
			line.WriteRune('▀')
		case lower:
			line.WriteRune('▄')
		default:
			line.WriteByte(' ')
		}
	}
	return line.String()
}
