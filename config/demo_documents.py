"""What the documents of the demo world say."""

from typing import Final

TERMS_EN: Final = """\
This is a demonstration. The people, the chats and these terms are made up.

## What you may do

- Look at everything and change everything.
- Sign in as any of the people: the start of the server shows how.

## What you should know

- Whatever you write here can be read by whoever runs this server.
- Nothing is promised. Delete the data folder, and all of it is gone.
"""
TERMS_AR: Final = """\
هذا عرض تجريبي. الأشخاص والمحادثات وهذه الشروط كلها مختلقة.

## ما يمكنك فعله

- الاطلاع على كل شيء وتغيير كل شيء.
- الدخول باسم أي شخص منهم: تظهر كلمات المرور عند تشغيل الخادم.

## ما ينبغي أن تعرفه

- كل ما تكتبه هنا يستطيع قراءته من يشغّل هذا الخادم.
- لا وعود هنا. احذف مجلد البيانات فيختفي كل شيء.
"""
PRIVACY_EN: Final = """\
This is a demonstration. It keeps what you enter, on this machine, and gives it to nobody.

| what | why | until when |
|---|---|---|
| your address and your names | so that you can sign in and others know you | you delete the data folder |
| what you write | so that the others in the chat can read it | the same |
| where you signed in from | so that you can see your sessions | 30 days after the session ends |
"""
PRIVACY_AR: Final = """\
هذا عرض تجريبي. يحتفظ بما تدخله على هذا الجهاز ولا يعطيه لأحد.

| ماذا | لماذا | إلى متى |
|---|---|---|
| عنوانك وأسماؤك | لتتمكن من الدخول ويعرفك الآخرون | حتى تحذف مجلد البيانات |
| ما تكتبه | ليقرأه من معك في المحادثة | كذلك |
| من أين دخلت | لترى جلساتك | 30 يومًا بعد انتهاء الجلسة |
"""
