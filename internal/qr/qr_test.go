package qr_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/authctl/authctl/internal/qr"
)

// modules reads the picture back: true where it is dark.
func modules(t *testing.T, lines []string) [][]bool {
	t.Helper()
	var dark [][]bool
	for _, line := range lines {
		var upper, lower []bool
		for _, c := range line {
			if !strings.ContainsRune(" ▀▄█", c) {
				t.Fatalf("the character %q", c)
			}
			upper = append(upper, c == ' ' || c == '▄')
			lower = append(lower, c == ' ' || c == '▀')
		}
		dark = append(dark, upper, lower)
	}
	return dark
}

func TestThePictureIsASquareWithABorderAndThreeFinders(t *testing.T) {
	const address = "https://idp.example.com/device?user_code=WDJB-MJHT"
	lines, err := qr.Draw(address)
	if err != nil {
		t.Fatal(err)
	}
	side := utf8.RuneCountInString(lines[0])
	dark := modules(t, lines)
	if len(dark) != side && len(dark) != side+1 {
		t.Fatalf("%d columns and %d rows", side, len(dark))
	}
	for i := range side {
		for edge := range 4 {
			if dark[edge][i] || dark[i][edge] || dark[side-1-edge][i] || dark[i][side-1-edge] {
				t.Fatalf("the border is not empty at %d", i)
			}
		}
	}
	finder := []string{"#######", "#.....#", "#.###.#", "#.###.#", "#.###.#", "#.....#", "#######"} // ISO/IEC 18004 section 6.3.3
	for _, at := range [][2]int{{4, 4}, {4, side - 11}, {side - 11, 4}} {
		for y, row := range finder {
			for x, c := range row {
				if dark[at[0]+y][at[1]+x] != (c == '#') {
					t.Fatalf("no finder at %v", at)
				}
			}
		}
	}
}

func TestTheSameTextIsTheSamePictureAndAnotherOneAnother(t *testing.T) {
	draw := func(text string) string {
		lines, err := qr.Draw(text)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join(lines, "\n")
	}
	first, second, other := draw("https://a.example.com"), draw("https://a.example.com"), draw("https://b.example.com")
	if first != second || first == other {
		t.Error("the picture does not stand for the text")
	}
}

func TestATextThatFitsNoTerminalIsRefused(t *testing.T) {
	if lines, err := qr.Draw(strings.Repeat("a", 513)); err == nil || lines != nil {
		t.Errorf("%d lines, %v", len(lines), err)
	}
	if lines, err := qr.Draw(strings.Repeat("a", 512)); err != nil || utf8.RuneCountInString(lines[0]) > 90 {
		t.Errorf("%v", err)
	}
}
