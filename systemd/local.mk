# Units for the system's manager and for that of a user, the daemon's user, and its directory.
system_units = \
	systemd/sandpool-engine.service \
	systemd/sandpool-engine.socket \
	systemd/sandpool-sandboxes.service \
	systemd/sandpoold.service \
	systemd/sandpoold.socket
user_units = \
	systemd/user/sandpool-engine.service \
	systemd/user/sandpool-engine.socket \
	systemd/user/sandpool-sandboxes.service \
	systemd/user/sandpoold.service \
	systemd/user/sandpoold.socket
systemd_files = $(system_units) $(user_units) systemd/sysusers.conf systemd/tmpfiles.conf

EXTRA_DIST += $(systemd_files:=.in)
CLEANFILES += $(systemd_files)

# Directories are known to make alone, as their names hold variables.
$(systemd_files): %: $(srcdir)/%.in Makefile
	$(AM_V_GEN)$(MKDIR_P) $(@D) && $(SED) \
		-e 's|@bindir[@]|$(bindir)|g' \
		-e 's|@sbindir[@]|$(sbindir)|g' \
		-e 's|@pkglibexecdir[@]|$(pkglibexecdir)|g' \
		-e 's|@runstatedir[@]|$(runstatedir)|g' \
		-e 's|@localstatedir[@]|$(localstatedir)|g' \
		$(srcdir)/$@.in >$@.tmp && mv $@.tmp $@

.PHONY: install-systemd-conf uninstall-systemd-conf check-systemd
if SYSTEMD
systemdsystemunit_DATA = $(system_units)
systemduserunit_DATA = $(user_units)

install-data-hook: install-systemd-conf
uninstall-hook: uninstall-systemd-conf

install-systemd-conf: systemd/sysusers.conf systemd/tmpfiles.conf
	$(MKDIR_P) '$(DESTDIR)$(sysusersdir)' '$(DESTDIR)$(tmpfilesdir)'
	$(INSTALL_DATA) systemd/sysusers.conf '$(DESTDIR)$(sysusersdir)/sandpool.conf'
	$(INSTALL_DATA) systemd/tmpfiles.conf '$(DESTDIR)$(tmpfilesdir)/sandpool.conf'
uninstall-systemd-conf:
	rm -f '$(DESTDIR)$(sysusersdir)/sandpool.conf' '$(DESTDIR)$(tmpfilesdir)/sandpool.conf'

# What systemd says to the units as they will be installed, and how exposed they leave the services.
check-systemd: $(systemd_files) all
	bash $(srcdir)/tests/check-systemd/run $(abs_top_builddir)
endif
