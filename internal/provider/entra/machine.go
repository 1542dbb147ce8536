package entra

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/authctl/authctl/internal/fault"
	"github.com/authctl/authctl/internal/grant"
	"github.com/authctl/authctl/internal/profile"
	"github.com/authctl/authctl/internal/provider"
	"github.com/authctl/authctl/internal/secret"
)

// machine makes the source of a managed identity. Its tokens are another identity than those of a client: they belong
// to the service that hands them out, and to the one identity that was asked for there.
func (e environment) machine(p *profile.Profile, ports provider.Ports) *provider.Source {
	f := e.platform()
	if ports.Note != nil {
		ports.Note("managed identity from %s", f.name)
	}
	identity := provider.Identity(p)
	identity.Grant, identity.ClientAuth = string(managed), ""
	identity.TokenEndpoint = grant.CanonicalURL(f.address)
	name, value := chosenIdentity(p)
	if name == "" {
		value = "system"
	}
	identity.Subject = value
	identity.Further = append(identity.Further, profile.Param{Name: "managed_identity", Value: strings.TrimSpace(name + " " + value)})
	for _, key := range []string{"tenant", "cloud", "authority"} {
		if said := p.Own.Text(key); said != "" {
			identity.Further = append(identity.Further, profile.Param{Name: key, Value: said})
		}
	}
	return &provider.Source{
		Identity: identity,
		Grant:    &managedIdentity{platform: f, profile: p, ports: ports},
		Life:     &grant.Life{Config: grant.Config{Endpoint: ports.Endpoint, Server: grant.Known{}}},
		Bound: func(context.Context) ([]secret.String, error) {
			return []secret.String{secret.New("managed_identity value " + f.key.Reveal())}, nil
		},
	}
}

// managedIdentity asks the platform for the token of one of its identities. There is no secret and no refresh.
type managedIdentity struct {
	platform

	profile *profile.Profile
	ports   provider.Ports
}

var _ grant.Grant = (*managedIdentity)(nil)

// Token implements [grant.Grant]. A service that says that it cannot answer yet is asked again for a while, as Azure
// documents it; every other answer stands. Claims cannot be asked for.
func (m *managedIdentity) Token(ctx context.Context, _ grant.Ask) (*grant.Token, error) {
	if m.ports.Direct == nil {
		return nil, fault.New(fault.Internal, "", "a managed identity needs a connection without a proxy")
	}
	if name, _ := chosenIdentity(m.profile); name != "" && m.challenges {
		return nil, fault.New(fault.Config, "config.managed_identity", "%s has no identity but the machine's own", m.name).
			Hint("managed_identity: system")
	}
	m.ports.Direct.Mask.Add(m.key)
	if strings.ContainsFunc(m.key.Reveal(), func(r rune) bool { return r < ' ' || r > '~' }) {
		return nil, fault.New(fault.Config, "config.managed_identity", "IDENTITY_HEADER has a character that no header can have").
			Hint("the platform sets it; unset it where there is none")
	}
	for try := 0; ; try++ {
		token, err := m.ask(ctx)
		if err == nil {
			return token, nil
		}
		failure := fault.From(err)
		pause := m.pause(failure, try)
		if pause == 0 {
			hintMachine(failure, m.platform)
			return nil, failure
		}
		if waited := m.wait(ctx, pause); waited != nil {
			return nil, waited
		}
	}
}

// ask makes one request; where the service wants a proof, a second one with it.
func (m *managedIdentity) ask(ctx context.Context) (*grant.Token, error) {
	request := grant.PlatformRequest{
		URL: m.address, Query: m.query(m.profile), Header: m.headers(), DefaultTTL: m.profile.DefaultTTL,
		Where: string(managed),
	}
	if m.challenges {
		if err := loopbackOnly(m.address); err != nil {
			return nil, err
		}
	}
	token, reply, err := m.ports.Direct.Platform(ctx, request)
	if err == nil || !m.challenges || fault.From(err).Status != http.StatusUnauthorized {
		return token, err
	}
	proof, refused := arcProof(reply, m.ports)
	if refused != nil {
		return nil, refused
	}
	m.ports.Direct.Mask.Add(proof)
	request.Header.Set("Authorization", "Basic "+proof.Reveal())
	token, _, err = m.ports.Direct.Platform(ctx, request)
	return token, err
}

// After 410 a service may need 70 s; 1 s and its doubles come near that.
const (
	longestPause = 32 * time.Second
	fewTries     = 4
	manyTries    = 6
)

// pause is how long to wait before the next try, 0 to give up.
func (m *managedIdentity) pause(e *fault.Error, try int) time.Duration {
	most := fewTries
	switch {
	case e.Status == http.StatusTooManyRequests, e.Status >= 500:
	case m.starts && e.Status == http.StatusNotFound:
	case m.starts && e.Status == http.StatusGone:
		most = manyTries
	default:
		return 0
	}
	pause := time.Second << try // 1 s, 2 s, 4 s, ...
	if asked, ok := errors.AsType[*grant.Throttled](e); ok {
		pause = max(pause, asked.Until.Sub(m.now()))
	}
	if try >= most || pause > longestPause {
		return 0
	}
	if m.ports.Note != nil {
		m.ports.Note("%s answers HTTP %d; asking again in %s", m.name, e.Status, pause)
	}
	return pause
}

func (m *managedIdentity) now() time.Time {
	if clock := m.ports.Direct.Clock; clock != nil {
		return clock()
	}
	return time.Now()
}

func (m *managedIdentity) wait(ctx context.Context, pause time.Duration) error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
