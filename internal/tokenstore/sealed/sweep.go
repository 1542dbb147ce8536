package sealed

import (
	"os"
	"path/filepath"
	"time"

	"github.com/authctl/authctl/internal/tokenstore/privatefile"
)

const (
	sweepEvery = 24 * time.Hour
	sweepMark  = ".swept"
	staleAfter = 30 * 24 * time.Hour
	// keepRefresh is how long a refresh token is kept that nobody uses: longer than any of the known servers keep theirs.
	keepRefresh = 400 * 24 * time.Hour
)

// sweep removes what nobody will use any more: files that were not touched for 30 days, but for records whose token
// still lives or can be refreshed. It looks once a day, and its troubles are nobody's: the next sweep tries again.
func (s *Store) sweep(master []byte) {
	now := s.now()
	mark := filepath.Join(s.folder, sweepMark)
	if info, err := os.Lstat(mark); err == nil && age(now, info) < sweepEvery {
		return
	}
	if err := privatefile.Replace(mark, nil, privatefile.Expendable); err != nil {
		return
	}
	entries, err := os.ReadDir(s.folder)
	if err != nil {
		return
	}
	for _, e := range entries {
		if filepath.Ext(e.Name()) != suffix && !privatefile.IsTemp(e.Name()) {
			continue
		}
		info, err := e.Info()
		if err != nil || age(now, info) < staleAfter || s.serves(master, e.Name(), age(now, info)) {
			continue
		}
		_ = os.Remove(filepath.Join(s.folder, e.Name()))
	}
}

func (s *Store) serves(master []byte, file string, untouched time.Duration) bool {
	r := s.read(master, file)
	if r == nil {
		return false
	}
	return s.now().Before(r.ExpiresAt) || (!r.RefreshToken.IsZero() && untouched < keepRefresh)
}

func age(now time.Time, info os.FileInfo) time.Duration { return now.Sub(info.ModTime()) }
