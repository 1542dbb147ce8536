package config

import "strings"

// Nearest gives the candidate that a misspelt word most likely stands for, "" where none is near.
func Nearest(word string, candidates []string) string {
	const longest = 64
	if word == "" || len(word) > longest {
		return ""
	}
	folded := foldWord(word)
	best, least := "", len(folded)/2+2
	for _, c := range candidates {
		f := foldWord(c)
		d := distance(folded, f)
		switch { // profile is profiles rather than default_profile
		case len(folded) <= 2:
		case strings.HasPrefix(f, folded):
			d = min(d, 1)
		case strings.Contains(f, folded), strings.Contains(folded, f):
			d = min(d, 2)
		}
		if d < least {
			best, least = c, d
		}
	}
	return best
}

// foldWord drops what habits of spelling differ in: clientId, client-id, CLIENT_ID.
func foldWord(word string) string {
	return strings.Map(func(r rune) rune {
		if r == '_' || r == '-' || r == '.' {
			return -1
		}
		return r
	}, strings.ToLower(word))
}

// distance counts the insertions, deletions, replacements and swaps of neighbours that lead from a to b.
func distance(a, b string) int {
	before, last, row := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			row[j] = min(row[j-1]+1, last[j]+1, last[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		before, last, row = last, row, before
	}
	return last[len(b)]
}
