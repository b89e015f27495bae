"""Every field a rule may ask for: its type, the level of evidence it needs, and what it says.

This table is the vocabulary of rule files. The loader refuses a field that is not here and a rule that asks for a
field of a deeper level than it declares. `T1`: tracking and hold list. `T2`: message details. `T3`: the mail itself.
"""

from __future__ import annotations

from mailroom.rulelang.fields import Field, field_table

FIELDS: dict[str, Field] = field_table("""
level                      text     T1  evidence level of the alert: T1, T2 or T3
route                      text     T1  inbound, outbound or internal
subject                    text     T1  subject, encoded words decoded
subject.invisible          boolean  T1  zero-width or direction characters in the subject
subject.styled             boolean  T1  letters from mathematical, circled or full-width alphabets in the subject
subject.claims_reply       boolean  T1  the subject starts with Re:, Fwd: or the like
message_id                 text     T1  RFC Message-ID when known
size                       number   T1  size in bytes
hours_to_expiry            number   T1  hours until the hold expires
from.address               text     T1  sender shown to people
from.display_name          text     T1  display name shown to people
from.domain                text     T1  domain of the sender (punycode)
from.root_domain           text     T1  registered part of the sender's domain
from.addresses             list     T1  every address in sender position, in any reading
from.hidden_addresses      list     T1  addresses in names, comments and encoded words that are not the sender
from.defects               list     T1  codes of what is wrong with the From header
from.ambiguous             boolean  T1  two mail programs may show different senders
from.name_has_address      boolean  T1  the display name carries another address
from.styled_name           boolean  T1  display name written in styled letters or with invisible characters
from.brands                list     T1  brands the display name claims and the domain does not own
from.brand_lookalike       text     T1  brand domain that the sender's domain imitates
from.vip                   text     T1  VIP whose name is used by an address that is not theirs
from.lookalike_of          text     T1  own or partner domain that the sender's domain imitates
from.lookalike_kind        text     T1  confusable, other_tld, edit_distance or extra_label
from.is_own                boolean  T1  some reading of the sender is in our own domains
from.is_partner            boolean  T1  the sender is in a partner domain
from.is_vip                boolean  T1  the sender is a VIP's own address
from.is_brand              boolean  T1  some reading of the sender is in a brand's own domain
from.shows_our_address     boolean  T1  an address of ours is shown in the name, and the sender is not ours
from.is_free_mail          boolean  T1  some reading of the sender is at a free-mail provider
from.punycode              boolean  T1  the sender's domain has an internationalised label
from.is_simulation         boolean  T1  some reading of the sender is in the phishing-simulation domains
envelope.address           text     T1  envelope sender; none for bounces
envelope.root_domain       text     T1  registered part of the envelope sender's domain
envelope.differs           boolean  T1  envelope sender is in another registered domain than From
recipient.address          text     T1  recipient of this held copy
recipient.is_vip           boolean  T1  the recipient is a VIP
recipients.count           number   T1  recipients known for this message
recipients.all_internal    boolean  T1  every recipient is in our own domains
hold_reason                text     T1  spam_signature, impersonation_protect, virus_signature, attachment ...
hold.is_malware            boolean  T1  the gateway's reasons name malware
hold.policy                text     T1  name of the policy that holds the message
hold.group                 text     T1  administrator, moderator or user
vendor.risk                text     T1  negligible, low, medium or high; none when the gateway gave no verdict
vendor.spam_score          number   T1  the gateway's spam score
vendor.detection_level     text     T1  relaxed, moderate or aggressive
vendor.categories          list     T1  categories of the gateway's verdict
vendor.graymail            boolean  T2  the gateway calls it graymail
vendor.permitted           text     T2  the gateway's word on permitted and managed senders
sender.ip                  text     T1  address of the sending server
attachments.present        boolean  T1  the message has attachments
attachments.count          number   T2  number of attached files, when all are listed by name
attachments.names          list     T2  names of attached files
attachments.extensions     list     T2  last extension of each file, lower case, no dot
attachments.risky          list     T2  extensions on one of the risky-extension lists; exe for any other program
attachments.double_extension boolean T2 a risky extension hides behind a harmless one (invoice.pdf.js)
attachments.deceptive_name boolean  T2  direction marks, padding or NUL in a file name
attachments.encrypted      boolean  T2  the gateway calls a file encrypted
attachments.type_mismatch  boolean  T2  an executable carries a document's name
attachments.hashes         list     T2  SHA-256 of attached files
reply_to.present           boolean  T2  a Reply-To header exists
reply_to.address           text     T2  first address replies would go to
reply_to.root_domain       text     T2  registered part of the Reply-To domain
reply_to.differs           boolean  T2  replies go to another registered domain than From
reply_to.is_free_mail      boolean  T2  replies go to a free-mail provider
return_path.root_domain    text     T2  registered part of the Return-Path domain
header.names               list     T2  names of all headers, lower case
header.precedence          text     T2  Precedence header, lower case
header.auto_submitted      text     T2  Auto-Submitted header, lower case
header.list_unsubscribe    boolean  T2  the message offers List-Unsubscribe
header.has_references      boolean  T2  In-Reply-To or References exists
header.mailer              text     T2  X-Mailer or User-Agent
auth.present               boolean  T2  a trusted authentication result exists
auth.source                text     T2  header (trusted Authentication-Results) or vendor (spam details)
auth.spf                   text     T2  SPF result in a trusted header
auth.dkim                  text     T2  DKIM result in a trusted header
auth.dmarc                 text     T2  DMARC result in a trusted header
auth.dmarc_pass            boolean  T2  DMARC passed in a trusted header, for the one From domain there is
auth.dkim_domains          list     T2  domains with a passing DKIM signature
auth.dkim_aligned          boolean  T2  a passing DKIM signature is of the From domain
auth.spf_aligned           boolean  T2  SPF passed for the From domain
auth.forged                boolean  T2  authentication results were planted by the sender
auth.foreign_servers       list     T2  untrusted servers that added authentication results
impersonation.hits         list     T2  impersonation tests of the gateway that fired
impersonation.count        number   T2  how many of them
body.text                  text     T3  the words of the mail, links written out; at most 50,000 characters
body.invisible             boolean  T3  zero-width or direction characters in the words of the mail
links.count                number   T3  links in the mail
links.hosts                list     T3  hosts they lead to; of rewritten links the true one
links.root_domains         list     T3  registered parts of these hosts
links.all_foreign          boolean  T3  there are links, and none leads to the sender's registered domain
links.shown_differs        boolean  T3  a link shows another registered domain than it leads to
links.ip_host              boolean  T3  a link leads to an IP address
links.user_part            boolean  T3  a link has a user part before its host (name@host)
sender.benign_count        number   T1  earlier mails of this sender judged benign
sender.malicious_count     number   T1  earlier mails of this sender judged malicious
sender.first_contact       boolean  T1  this recipient has no earlier mail from this sender
sender.solicited           boolean  T1  the recipient wrote to this sender before
group.size                 number   T1  alerts with the same content
""")

DECISION_FIELDS: dict[str, Field] = field_table("""
verdict                    text     T1  malicious, suspicious, spam, graymail, benign, simulation, undetermined
risk                       number   T1  0 to 100
confidence                 number   T1  0 to 1
groups                     list     T1  groups of evidence that point to harm
group_count                number   T1  how many
absolute                   text     T1  id of the absolute rule that decided, if any
suggested                  list     T1  actions suggested by the rules that matched
recipient.answer           text     T1  expected, unexpected, unsure or silent; none when the recipient was not asked
""")
"""Fields known only after the decision; `playbooks.yml` may use them beside `FIELDS`."""

HISTORY_FIELDS = frozenset(name for name in FIELDS if name.startswith(("sender.", "group."))) - {"sender.ip"}
"""Fields that come from our own store, not from the message."""
