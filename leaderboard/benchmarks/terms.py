"""The terms an installation begins with; `manage.py publish_terms FILE` publishes its own."""

from __future__ import annotations

DEFAULT = """\
1. You may hand in this image. It is yours or you have the right to use it so, and it holds no data of patients.

2. The platform stores the image and runs it, without a network, on scans that you never see. It may run it again, \
also on new scans, to check or renew a result. It gives the image to nobody else.

3. You declare every hospital whose scans were used in training. A model is not ranked where it has seen the scans.

4. You do not try to learn about a scan or a patient in any way but the results shown to you, to reach the network, or \
to disturb the platform or other submissions. Who does is excluded.

5. If you chose so, the numbers of the submission are published under the names of your team and your model. You may \
withdraw it at any time; rankings published before keep their entry.

6. Results are for research. No number of the platform is a statement that a model is safe or useful for patients.

7. The platform keeps your name and e-mail address, and a log of who did and saw what in which you are a number. You \
may delete your account; submissions of your team and the log stay, your name and address go.
"""
