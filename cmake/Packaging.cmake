# What `cmake --install` and `cpack -G DEB` put where: deploy/package makes the Debian package of it.
include(GNUInstallDirs)

install(TARGETS sealwired sealwire-hsm sealctl sealload RUNTIME DESTINATION bin)
install(FILES deploy/systemd/sealwired.service DESTINATION lib/systemd/system)
install(FILES deploy/debian/sealwire.yaml DESTINATION /etc/sealwire)
install(FILES control/config-schema.json control/openapi.json DESTINATION share/sealwire)
install(FILES README.md DESTINATION share/doc/sealwire)
install(DIRECTORY docs/ DESTINATION share/doc/sealwire/docs PATTERN decisions EXCLUDE)
install(DIRECTORY deploy/prometheus deploy/grafana DESTINATION share/doc/sealwire/examples)

# Completions come out of the program itself; Debian wants manuals and changelogs compressed. `package-files` makes these.
set(made ${CMAKE_BINARY_DIR}/package-files)
file(MAKE_DIRECTORY ${made})
set(package_files ${made}/sealctl ${made}/_sealctl ${made}/sealctl.fish)
add_custom_command(OUTPUT ${package_files} DEPENDS sealctl VERBATIM
  COMMAND sealctl completion bash > ${made}/sealctl
  COMMAND sealctl completion zsh > ${made}/_sealctl
  COMMAND sealctl completion fish > ${made}/sealctl.fish)
install(FILES ${made}/sealctl DESTINATION share/bash-completion/completions OPTIONAL)
install(FILES ${made}/_sealctl DESTINATION share/zsh/vendor-completions OPTIONAL)
install(FILES ${made}/sealctl.fish DESTINATION share/fish/vendor_completions.d OPTIONAL)

function(install_compressed source name destination)
  add_custom_command(OUTPUT ${made}/${name}.gz DEPENDS ${source} VERBATIM
    COMMAND gzip -9nc ${CMAKE_SOURCE_DIR}/${source} > ${made}/${name}.gz)
  install(FILES ${made}/${name}.gz DESTINATION ${destination} OPTIONAL)
  set(package_files ${package_files} ${made}/${name}.gz PARENT_SCOPE)
endfunction()
install_compressed(man/sealctl.1 sealctl.1 share/man/man1)
install_compressed(man/sealload.1 sealload.1 share/man/man1)
install_compressed(man/sealwired.yaml.5 sealwired.yaml.5 share/man/man5)
install_compressed(man/sealwired.8 sealwired.8 share/man/man8)
install_compressed(CHANGELOG.md changelog share/doc/sealwire)
add_custom_target(package-files DEPENDS ${package_files})

set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME sealwire)
set(CPACK_PACKAGE_VENDOR Sealwire)
set(CPACK_PACKAGE_CONTACT "Sealwire <packages@sealwire.example>")
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
  OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SECTION net)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS adduser)
# The doctor runs delv; a token of SoftHSM is one of many.
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS "bind9-dnsutils, ca-certificates")
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "softhsm2, opensc, librte-meta-net, prometheus")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "authoritative DNS proxy that signs every answer on the fly")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
"Stands in front of DNS backends that know nothing of DNSSEC, takes their
unsigned answers as they are at that moment, proves what does not exist
(RFC 9824), and signs with keys out of an HSM. One toggle per zone turns it
on, and turning it off cannot break the zone.")
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
  "${CMAKE_SOURCE_DIR}/deploy/debian/postinst;${CMAKE_SOURCE_DIR}/deploy/debian/prerm;${CMAKE_SOURCE_DIR}/deploy/debian/postrm;${CMAKE_SOURCE_DIR}/deploy/debian/conffiles")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
include(CPack)
