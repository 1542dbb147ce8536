package config

import (
	"slices"
	"strings"

	"github.com/authctl/authctl/internal/profile"
)

// exchanges checks that the profiles whose tokens others exchange exist, and that none waits for itself.
func (r *reader) exchanges() error {
	done := make(map[int]bool, len(r.file.Profiles))
	for i := range r.file.Profiles {
		if err := r.exchange(i, nil, done); err != nil {
			return err
		}
	}
	return nil
}

// exchange follows the inputs of a profile's token exchange; path holds the profiles that led to it.
func (r *reader) exchange(i int, path []int, done map[int]bool) error {
	if done[i] {
		return nil
	}
	path = append(path, i)
	p := r.file.Profiles[i]
	for _, input := range []struct{ key, name string }{
		{"subject_token.profile", p.SubjectToken.Profile}, {"actor_token.profile", p.ActorToken.Profile},
	} {
		if input.name == "" {
			continue
		}
		next := r.file.index(input.name)
		e := &profile.KeyError{Key: input.key, Reason: "there is no such profile", Hint: "profiles: " + strings.Join(r.file.Names(), ", ")}
		if start := slices.Index(path, next); start >= 0 {
			e.Reason, e.Hint = "the profile would need its own token: "+r.circle(path[start:]), ""
		}
		if next < 0 || e.Hint == "" {
			entry := r.file.entries[i]
			return at(entry, label(entry, i), e)
		}
		if err := r.exchange(next, path, done); err != nil {
			return err
		}
	}
	done[i] = true
	return nil
}

// circle writes profiles that lead back to the first of them.
func (r *reader) circle(path []int) string {
	names := make([]string, 0, len(path)+1)
	for _, i := range path {
		names = append(names, r.file.Profiles[i].Name)
	}
	return strings.Join(append(names, names[0]), " -> ")
}
