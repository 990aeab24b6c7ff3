# completions/local.mk: what shells know of nnc's command line
bashcompletiondir = $(datadir)/bash-completion/completions
zshcompletiondir = $(datadir)/zsh/site-functions
fishcompletiondir = $(datadir)/fish/vendor_completions.d
dist_zshcompletion_DATA = completions/_nnc
dist_fishcompletion_DATA = completions/nnc.fish
EXTRA_DIST += completions/nnc.bash

# bash looks for a file of the command's own name.
install-data-local:
	$(MKDIR_P) '$(DESTDIR)$(bashcompletiondir)'
	$(INSTALL_DATA) $(srcdir)/completions/nnc.bash '$(DESTDIR)$(bashcompletiondir)/nnc'

uninstall-local:
	rm -f '$(DESTDIR)$(bashcompletiondir)/nnc'
