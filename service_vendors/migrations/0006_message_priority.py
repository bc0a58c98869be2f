import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("service_vendors", "0005_message_history"),
    ]

    operations = [
        migrations.CreateModel(
            name="BulkTurn",
            fields=[
                (
                    "organization",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="bulk_turn",
                        serialize=False,
                        to="service_vendors.organization",
                    ),
                ),
                ("number", models.PositiveBigIntegerField(default=0)),
                ("handed_over_at", models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.AddField(
            model_name="message",
            name="priority",
            field=models.PositiveSmallIntegerField(
                choices=[(0, "Reply"), (1, "Bulk")], db_default=1, default=1
            ),
        ),
        migrations.AddIndex(
            model_name="message",
            index=models.Index(
                condition=models.Q(("dispatched_at__isnull", True), ("send_status", "QUEUED")),
                fields=["priority", "organization", "due_at"],
                name="sv_messages_to_hand_over",
            ),
        ),
    ]
