// Package config finds, reads, checks and edits profiles.yaml. Viper lives here alone, one private instance a load,
// with a decoder of our own: names keep their case and dots, scalars keep their text, and what is not understood is
// refused with its line. It never looks into the current directory, never shows a value in an error, and never reads
// what a secret reference points at.
package config

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/profile"
	"github.com/authctl/authctl/internal/secret"
)

// Codes of errors that this package itself goes by.
const (
	codeNotFound   = "config.not_found"
	codeNoProfiles = "config.no_profiles"
	codeSyntax     = "config.syntax"
)

// Provider is what profiles.yaml has to know of a provider.
type Provider struct {
	Keys []profile.Key
	// Complete fills a profile's defaults and refuses what cannot work with a *[profile.KeyError]. It may be given a
	// profile that was completed already.
	Complete func(*profile.Profile) error
}

// Loader finds and reads profiles.yaml. All of its fields but Lock are required.
type Loader struct {
	Providers map[string]Provider
	Getenv    func(string) (string, bool)
	Home      string // what ~ stands for
	UID       int    // who may own the file, beside root; ignored on Windows
	// Lock keeps the processes apart that change the file of a name; nil: nobody else changes it.
	Lock func(ctx context.Context, name string) (unlock func(), err error)
}

// File is a profiles.yaml that holds nothing wrong.
type File struct {
	Path string // as it was asked for
	Dir  string // the absolute folder that relative paths in the file start from

	DefaultProfile string
	Storage        string     // AUTHCTL_STORAGE, else the file's storage, else auto
	StorageKey     secret.Ref // as the file says; zero where it does not

	Profiles []*profile.Profile // in the order of the file, completed by their providers
	Warnings []string

	wanted  string // AUTHCTL_PROFILE
	entries []*yaml.Node

	defaultLine, storageKeyLine int
	secrets                     map[string]bool // the keys that hold secret references
}

// Choose gives the profile that is meant: name (of -p), else AUTHCTL_PROFILE, else default_profile, else the only one.
func (f *File) Choose(name string) (*profile.Profile, error) {
	switch {
	case name != "":
		return f.find(name, "")
	case f.wanted != "":
		return f.find(f.wanted, " (AUTHCTL_PROFILE)")
	case f.DefaultProfile != "":
		return f.find(f.DefaultProfile, " (default_profile)")
	case len(f.Profiles) == 1:
		return f.Profiles[0], nil
	}
	return nil, fault.New(fault.Config, "config.profile_required", "%s has %d profiles and none is the default", f.Path, len(f.Profiles)).
		Hint("choose one with -p: %s", strings.Join(f.Names(), ", "))
}

// Names are the profiles' names, in the order of the file.
func (f *File) Names() []string {
	names := make([]string, len(f.Profiles))
	for i, p := range f.Profiles {
		names[i] = p.Name
	}
	return names
}

func (f *File) find(name, source string) (*profile.Profile, error) {
	i := f.index(name)
	if i >= 0 {
		return f.Profiles[i], nil
	}
	e := fault.New(fault.Config, "config.profile_unknown", "%s has no profile %q%s", f.Path, short(name), source)
	if near := Nearest(name, f.Names()); near != "" {
		e.Hint("did you mean %s?", near)
	}
	return nil, e.Hint("profiles: %s", strings.Join(f.Names(), ", "))
}

func (f *File) index(name string) int {
	return slices.IndexFunc(f.Profiles, func(p *profile.Profile) bool { return p.Name == name })
}

func short(name string) string {
	const most = 64
	if runes := []rune(name); len(runes) > most {
		return string(runes[:most]) + "..."
	}
	return name
}

// Recheck holds a profile that flags have changed against the same rules as one of the file, and completes it again.
func (l *Loader) Recheck(p *profile.Profile) error {
	err := l.complete(p)
	if e, ok := errors.AsType[*profile.KeyError](err); ok {
		out := fault.New(fault.Config, "config.key", "%w", e)
		if e.Hint != "" {
			out.Hint("%s", e.Hint)
		}
		return out
	}
	return err
}

// complete judges a profile on its own and has its provider complete it.
func (l *Loader) complete(p *profile.Profile) error {
	if err := p.Validate(); err != nil {
		return err
	}
	provider, ok := l.Providers[p.Provider]
	if !ok {
		return fmt.Errorf("provider %q is not known", p.Provider)
	}
	if err := provider.Complete(p); err != nil {
		return err
	}
	p.FillDefaults()
	return p.ValidateEndpoint()
}
