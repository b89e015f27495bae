"""Dovecot's configuration files for the tests, in the languages of 2.3 and 2.4."""

from __future__ import annotations

import grp
import pwd
from pathlib import Path
from typing import Any

_FOLDERS = ("Sent", "Drafts", "Junk", "Trash", "Archive")


def oauth_configuration(folder: Path) -> str:
    """Tokens are checked against a shared secret; no network."""
    return (
        "introspection_mode = local\n"
        f"local_validation_key_dict = fs:posix:prefix={folder}/keys/\n"
        "username_attribute = sub\n"
    )


def configuration(
    server: Any, owner: pwd.struct_passwd, version: str, *, prefix: str, separator: str, extra: str
) -> str:
    """The whole of dovecot.conf.

    Args:
        server: Has `folder` and the ports.
        owner: Who owns the folder and runs everything.
        version: As `dovecot --version` says.
        prefix: Of the personal namespace.
        separator: Between folder names.
        extra: Appended as it is.
    """
    new = not version.startswith("2.3")
    folder = server.folder
    group = grp.getgrgid(owner.pw_gid).gr_name
    common = f"""
listen = 127.0.0.1
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
default_internal_user = {owner.pw_name}
default_internal_group = {group}
default_login_user = {owner.pw_name}
first_valid_uid = {min(owner.pw_uid, 500)}
first_valid_gid = {min(owner.pw_gid, 1)}
last_valid_uid = {owner.pw_uid}
ssl = yes
auth_mechanisms = plain login xoauth2 oauthbearer
auth_failure_delay = 0
mail_max_userip_connections = 0
mail_fsync = never
recipient_delimiter = +
hostname = localhost
submission_relay_host = 127.0.0.1
submission_relay_port = {server.relay_port}
submission_relay_trusted = yes
"""
    own = _new(folder, owner, version, separator, prefix) if new else _old(folder, owner, separator, prefix)
    return own + common + _services(server, owner.pw_name, "unlimited" if new else "0") + extra + "\n"


def _old(folder: Path, owner: pwd.struct_passwd, separator: str, prefix: str) -> str:
    return f"""
protocols = imap lmtp submission
ssl_cert = <{folder}/server.pem
ssl_key = <{folder}/server.key
disable_plaintext_auth = no
auth_username_format = %n
mail_location = sdbox:{folder}/mail/%u
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {folder}/oauth2.conf
}}
passdb {{
  driver = passwd-file
  mechanisms = plain login
  args = username_format=%u {folder}/users
}}
userdb {{
  driver = passwd-file
  args = username_format=%u {folder}/users
  default_fields = uid={owner.pw_uid} gid={owner.pw_gid} home={folder}/mail/%u
}}
namespace inbox {{
  inbox = yes
  separator = {separator}
  prefix = {prefix}
{_folders()}}}
protocol lmtp {{
  postmaster_address = postmaster@localhost
}}
"""


def _new(folder: Path, owner: pwd.struct_passwd, version: str, separator: str, prefix: str) -> str:
    return f"""
dovecot_config_version = {version}
dovecot_storage_version = {version}
protocols {{
  imap = yes
  lmtp = yes
  submission = yes
}}
ssl_server_cert_file = {folder}/server.pem
ssl_server_key_file = {folder}/server.key
auth_allow_cleartext = yes
auth_username_format = %{{user | username | lower}}
mail_driver = sdbox
mail_path = {folder}/mail/%{{user}}
mail_home = {folder}/mail/%{{user}}
mail_uid = {owner.pw_uid}
mail_gid = {owner.pw_gid}
oauth2 {{
  introspection_mode = local
  username_attribute = sub
  oauth2_local_validation {{
    dict fs {{
      fs posix {{
        prefix = {folder}/keys/
      }}
    }}
  }}
}}
passdb passwd-file {{
  passwd_file_path = {folder}/users
}}
userdb passwd-file {{
  passwd_file_path = {folder}/users
}}
namespace inbox {{
  inbox = yes
  separator = {separator}
  prefix = {prefix}
{_folders()}}}
"""


def _folders() -> str:
    return "".join(f"  mailbox {name} {{\n    auto = create\n    special_use = \\{name}\n  }}\n" for name in _FOLDERS)


def _services(server: Any, user: str, unlimited: str) -> str:
    return f"""
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service imap-login {{
  chroot =
  service_count = 0
  process_min_avail = 1
  inet_listener imap {{
    port = {server.imap_port}
  }}
  inet_listener imaps {{
    port = {server.imaps_port}
    ssl = yes
  }}
}}
service imap {{
  process_min_avail = 1
  vsz_limit = {unlimited}
}}
service submission-login {{
  chroot =
  service_count = 0
  inet_listener submission {{
    port = {server.submission_port}
  }}
  inet_listener submissions {{
    port = {server.submissions_port}
    ssl = yes
  }}
}}
service stats {{
  chroot =
}}
service lmtp {{
  user = {user}
  inet_listener lmtp {{
    port = {server.lmtp_port}
  }}
}}
"""
