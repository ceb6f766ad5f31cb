"""Headers other than our own under which the fields are known. The one place to add one.

Facts from shared/header_synonyms.csv (Mosaic, Liquidlogic, Eclipse, SSD, SSDA903, Annex A) and from councils' reports. Spelling
doesn't matter (`folding.squash`): "PERSON_ID", "Person ID" and "personId" are one. Order does: where a table has two of
them, the first named here is used and the other is listed as kept out.

`WEAK` headers say too little by themselves ("Start date"); they count only in a table whose sheet or file is named after
the dataset.
"""

from __future__ import annotations

CHILD_ID = (
    "Child's ID", "Child Unique ID", "Child Number", "Child No", "Child reference", "Child ref", "Child identifier",
    "Unique Child ID", "CHILD", "CHILDID", "Person ID", "Person Number", "PERSONID", "Mosaic ID", "Mosaic number",
    "Mosaic person ID", "LCS ID", "LCS number", "Liquidlogic ID", "Eclipse ID", "Eclipse person ID", "ICS ID", "Care First ID",
    "Carefirst ID", "CareFirst number", "Client ID", "Client number", "Service user ID", "Service user number",
    "Subject ID", "SUBJECT_COMPOUND_ID", "DIM_PERSON_ID", "ANSWERFORSUBJECTID", "la_child_id", "LAchildID", "LA child ID",
    "Local child ID", "Case number", "Case ID", "Young person ID", "System ID",
    "pers_person_id", "clae_person_id", "lega_person_id", "clap_person_id", "clar_person_id", "clar_cla_person_id",
    "invo_person_id", "lacp_person_id", "clav_person_id", "cina_person_id", "assf_person_id", "perm_person_id",
)  # fmt: skip

WORKER = (
    "Allocated social worker", "Social worker", "Social worker name", "Allocated SW", "Named social worker", "Lead social worker",
    "Current social worker", "Allocated worker name", "Case worker", "Caseworker", "Key worker", "Worker", "Worker name", "SW",
    "SW name", "Lead practitioner", "assigned_worker", "AllocatedWorker", "prof_professional_name", "WORKER_ID", "SW_ID",
)  # fmt: skip
TEAM = (
    "Team", "Team name", "Allocated team name", "Current team", "Social work team", "Social worker team", "Responsible team",
    "Case team", "SW team", "assigned_team", "AllocatedTeam", "dept_team_name", "invo_professional_team", "ORGANISATION_ID",
    "Organisation", "Team allocated", "Service team",
)  # fmt: skip
FORENAME = ("First name", "Given name", "First names", "Forenames", "Child forename", "Child's forename", "Child first name",
            "pers_forename", "Person forename")  # fmt: skip
SURNAME = ("Last name", "Family name", "Child surname", "Child's surname", "Child last name", "pers_surname", "Person surname",
           # one column for the whole name
           "Full name", "Child name", "Child's name", "Name of child", "Name of child / children", "Name", "Client name", "Person name",
           "Young person", "Child full name")
BIRTH = ("DOB", "D.O.B", "Birth date", "Child's date of birth", "Child DOB", "Child date of birth", "pers_dob", "DateOfBirth",
         "Person DOB")  # fmt: skip
GENDER = ("Sex", "pers_sex", "pers_gender", "Child gender", "Child sex")
LEGAL = (
    "Child's legal status", "Current legal status", "LegalStatus", "LS", "Legal status code", "Legal status description",
    "lega_legal_status", "DM_LEGAL_STATUSES.LEGAL_STATUS", "Legal basis",
)  # fmt: skip
LEGAL_START = (
    "Start date of current legal status", "MostRecentLegalStatusStart", "Legal status start", "Legal status date",
    "Current legal status start date", "lega_legal_status_start_date", "Legal start date", "Date of legal status",
    "Legal status from",
)  # fmt: skip
PLACEMENT_TYPE = ("Type of placement", "Current placement type", "Placement code", "PLACE", "PL", "clap_cla_placement_type",
                  "Placement", "Placement description")  # fmt: skip
PLACEMENT_START = (
    "Placement start", "Placement date", "Date placement started", "Date of placement", "Start date of placement", "Placement from",
    "Date moved in", "Move in date", "clap_cla_placement_start_date",
)  # fmt: skip
IRO = ("Independent Reviewing Officer", "IRO name", "Reviewing officer", "Allocated IRO", "Name of IRO")
STATUS = ("Status", "Outcome", "Meeting outcome", "Held or cancelled", "Meeting state", "STEP_STATUS", "INSTANCESTATE",
          "Attendance status")  # fmt: skip

SYNONYMS: dict[str, dict[str, tuple[str, ...]]] = {
    "cases": {
        "child_id": CHILD_ID,
        "forename": FORENAME,
        "surname": SURNAME,
        "date_of_birth": BIRTH,
        "gender": GENDER,
        "sibling_group": ("Sibling group ID", "Family ID", "Family group", "Family number", "Family group ID", "Siblings",
                          "Sibling group number", "pers_family_id", "fami_family_id"),
        "care_started": (
            "Date started to be looked after", "Date became looked after", "Became looked after", "Start date of period of care",
            "Period of care start date", "Period of care start", "Period of care started", "Care start date", "Care started",
            "Date entered care", "Date came into care", "Entered care", "Entered care date", "Date into care",
            "Date the child entered care", "Looked after since", "Looked after start date", "LAC start date", "CLA start date",
            "CiC start date", "CIC start", "LAC start", "CLA start", "Date started LAC", "Date started CLA", "Date became LAC",
            "Date became CLA", "In care since", "Date accommodated", "LoookedAfterStartDate", "LookedAfterStartDate",
            "startdaterecentcareepisode", "DM_PERIODS_OF_CARE.START_DATE", "FACT_CLA.START_DTTM", "ADMISSIONDATE",
            "Admission date", "Date of admission to care", "clae_entered_care_date", "Date started in care", "POC start date",
        ),
        "care_ceased": (
            "Date ceased", "Ceased looked after", "Ceased looked after date", "CeasedLookedAfterDate", "dateceasedlac",
            "Date ceased LAC", "Date ceased CLA", "Date left care", "Left care", "Left care date", "Care ceased", "Care end date",
            "Care ended", "End date of period of care", "Period of care end date", "Period of care end", "LAC end date",
            "CLA end date", "CiC end date", "LAC end", "CLA end", "Looked after end date", "DM_PERIODS_OF_CARE.END_DATE",
            "DISCHARGEDATE", "Discharge date", "FACT_CLA.END_DTTM", "clae_cla_period_end_date", "clae_left_care_date",
            "POC end date", "Date care ended",
        ),
        "reason_ceased": ("Reason ceased to be looked after", "ReasonCeasedLookedAfter", "Reason for ceasing",
                          "Reason left care", "Care end reason", "REC", "Reason episode ceased", "clae_cla_episode_ceased_reason"),
        "legal_status": LEGAL,
        "legal_status_start": LEGAL_START,
        "placement_type": PLACEMENT_TYPE,
        "placement_start": ("Start date of most recent placement", "MostRecentPlacementStartDate", "Current placement start date",
                            *PLACEMENT_START),
        "team": TEAM,
        "worker": WORKER,
        "team_manager": ("Manager", "Manager name", "Team manager name", "Line manager", "Supervisor", "TM", "Practice manager"),
        "iro": IRO,
        "complex_case": ("Complex", "Complexity", "Is complex", "Complex or contentious", "Contentious", "Complex case Y/N"),
        "planning_permanence": ("Planning for permanence", "Active permanence planning", "Permanence planning",
                                "In permanence planning", "Actively planning permanence", "Actively planning for permanency"),
        "permanence_plan": ("What is the permanence plan for this child?", "PermanencePlan", "Plan for permanence", "Permanency plan",
                            "lac.perm.plan", "pwpc.permanenceplan", "Permanence plan type", "Current permanence plan"),
        "permanence_agreed": ("Permanence plan date", "Permanence agreed date", "Date permanence plan agreed",
                              "Permanence plan agreed", "Permanency plan agreed date", "Date of permanence plan"),
        "permanence_achieved": ("Date permanence achieved", "Permanence achieved", "Date matched", "Matched date", "Match date",
                                "Permanency achieved date", "Date settled"),
        "care_plan_completed": ("Care plan date", "Care plan completed", "Date care plan completed", "Care plan completion date",
                                "Date of care plan"),
        "placement_plan_completed": ("Placement plan date", "Placement plan completed", "Date placement plan completed",
                                     "Placement plan completion date", "Date of placement plan"),
        "latest_review": ("Date of latest statutory review", "LatestStatutoryReviewDate", "Latest review date", "Last review date",
                          "Date of last review", "Latest review", "Last review", "Last LAC review", "Last CLA review",
                          "Date of last LAC review", "Date of last CLA review", "Date of last CIC review", "Latest LAC review date",
                          "Last statutory review"),
    },
    "meetings": {
        "meeting_id": ("Meeting number", "Meeting reference", "Meeting ref", "FACT_MEETING_ID", "INSTANCEID", "WORKFLOW_STEP_ID",
                       "Step ID", "Workflow step ID", "Form ID", "Event ID", "Record ID"),
        "child_id": CHILD_ID,
        "meeting_type": ("Type of meeting", "Meeting", "Meeting name", "Meeting description", "Meeting category",
                         "WORKFLOW_STEP_TYPE.DESCRIPTION", "Workflow step type", "Step type", "assessment_type",
                         "DIM_LOOKUP_MTG_TYPE_ID_CODE", "DESIGNGUID", "AnnexAReturn_typeOfMeeting", "Form name", "Form type",
                         "Workflow step", "Meeting type description", "Step description"),
        "meeting_date": ("Date of meeting", "Meeting held date", "Date meeting held", "Date held", "Held date", "dateOfMeeting",
                         "903Return_dateOfMeetingConference", "MEETING_DTTM", "Meeting date and time", "Date of the meeting",
                         "Meeting start date", "Actual meeting date", "CPM date", "Date of CPM"),
        "status": STATUS,
        "chair": ("Chair name", "Chaired by", "Chairperson", "Chair person", "Name of chair", "Meeting chair"),
        "chair_role": ("Role of chair", "Chair's role", "Chair job title", "Chair position", "Chairs job title",
                       "Chair person role"),
        "purpose": ("Purpose of meeting", "Purpose of the meeting", "Reason for meeting", "Meeting purpose",
                    "Purpose of the meeting and agreed frequency of Care Planning Meetings"),
        "agreed_frequency": ("Frequency", "Meeting frequency", "Agreed meeting frequency", "Frequency of meetings",
                             "Frequency agreed", "Agreed frequency of meetings", "CPM frequency",
                             "Agreed frequency of Care Planning Meetings"),
        "also_placement_planning": ("Combined with placement planning", "Includes placement planning",
                                    "Combined placement planning meeting", "Combined meeting", "Placement planning included",
                                    "Also placement planning meeting"),
        "plan_change": ("Change to care plan", "Changes to care plan", "Care plan changed", "Plan change", "Change in care plan",
                        "Care plan changes", "Change of plan"),
        "plan_updated": ("Care plan updated", "Date care plan updated", "Care plan update date", "Plan updated date"),
        "iro_informed": ("IRO informed", "Date IRO informed", "IRO notified date", "IRO notified", "Date IRO notified",
                         "IRO contacted date"),
        "minutes_distributed": ("Minutes distributed", "Date minutes distributed", "Minutes sent date", "Minutes circulated date",
                                "Date minutes sent", "Date minutes circulated", "Minutes sent", "Minutes circulated"),
        "minutes_uploaded": ("Minutes uploaded", "Date minutes uploaded", "Minutes on file date", "Minutes on file",
                             "Date minutes on file", "Minutes upload date", "Minutes completed date"),
        "minutes_on_cpr": ("Minutes on CPR", "Date minutes on CPR", "Minutes attached to CPR", "Minutes attached to CPR date",
                           "CPR minutes date"),
        "attendees": ("Attended by", "In attendance", "Present", "Who attended", "Names of attendees", "Attendee names"),
        "attendee_roles": ("Roles of attendees", "Attendee role", "Roles present", "Roles attended", "Attendees roles",
                           "Attended roles", "Professionals present"),
        "domains": ("Domains", "Areas considered", "Progress domains", "Domains discussed", "Care plan domains", "Needs considered",
                    "Areas discussed"),
        "working_well": ("What's working well", "Working well", "Whats working well?"),
        "worried_about": ("Worried about", "What are you worried about", "Worries"),
        "needs_to_happen": ("Needs to happen", "What needs to happen next"),
        "considered_parents": ("Parents assessments considered", "Considered parents", "Considered parent assessments",
                               "Conclusion of parents' assessments"),
        "considered_connected": ("Connected persons assessments considered", "Considered connected persons",
                                 "Considered SGO assessments", "Conclusion of connected persons' assessments"),
        "considered_outside_family": ("Permanence outside the family considered", "Considered permanence outside family",
                                      "Any issue relating to permanence outside the family"),
        "considered_contact": ("Contact arrangements considered", "Considered contact", "Considered family time arrangements",
                               "Considered family time", "Proposed contact arrangements considered"),
        "considered_evidence": ("Final evidence considered", "Considered LA final evidence", "Considered local authority final evidence"),
    },
    "reviews": {
        "child_id": CHILD_ID,
        "review_date": ("Date of review", "REVIEW", "dateOfReview", "LAC_REVIEW_DATE", "LAC review date", "CLA review date",
                        "CIC review date", "Date of LAC review", "Date of CLA review", "Date of CIC review",
                        "Child in Care Review date", "Looked after review date", "Statutory review date", "Review held date", "MEETING_DTTM",
                        "Date review held", "Review meeting date", "clar_cla_review_date"),
        "status": ("Status", "Outcome", "Review outcome", "Held or cancelled", "Review state"),
        "participation": ("REVIEW_CODE", "LAC_REVIEW_PARTICIPATION_CODE", "Participation", "Review participation",
                          "Child participation", "Child's participation", "PN code", "clar_cla_review_participation",
                          "DIM_LOOKUP_PARTICIPATION_CODE_DESC", "Review code", "Method of participation", "Participation method"),
    },
    "placements": {
        "child_id": CHILD_ID,
        "placement_start": PLACEMENT_START,
        "placement_end": ("Placement end", "Date placement ended", "End date of placement", "Placement ended", "Placement to",
                          "Date moved out", "Move out date", "clap_cla_placement_end_date"),
        "placement_type": PLACEMENT_TYPE,
        "provider": ("Provider", "PLACE_PROVIDER", "Provider name", "Provider type", "Placement provider type",
                     "clap_cla_placement_provider"),
        "change_reason": ("REASON_PLACE_CHANGE", "Reason for placement change", "Placement change reason", "Reason for change",
                          "Reason placement ended", "Placement end reason", "Reason for move", "clap_cla_placement_change_reason"),
    },
    "legal_statuses": {
        "child_id": CHILD_ID,
        "legal_status": LEGAL,
        "legal_status_start": LEGAL_START,
        "legal_status_end": ("Legal status end", "Legal end date", "lega_legal_status_end_date", "Legal status to",
                             "End date of legal status"),
    },
    "allocations": {
        "child_id": CHILD_ID,
        "worker": WORKER,
        "team": TEAM,
        "allocation_start": ("Allocation start", "Allocated from", "Allocation date", "Date allocated", "Allocated date",
                             "Worker start date", "Involvement start date", "invo_involvement_start_date",
                             "Start date of allocation", "Team start date",
                             "DM_PROF_RELATIONSHIPS.START_DATE", "SW_DECOM", "Allocation from"),
        "allocation_end": ("Allocation end", "Allocated to date", "Allocated until", "Worker end date", "Involvement end date",
                           "invo_involvement_end_date", "End date of allocation", "Date deallocated", "Team end date",
                           "DM_PROF_RELATIONSHIPS.END_DATE", "SW_DEC", "Allocation to"),
    },
    "actions": {
        "action_id": ("Action number", "Action ref", "Action reference"),
        "child_id": CHILD_ID,
        "meeting_date": ("Date of meeting", "Date agreed", "Date of the meeting", "CPM date", "Action agreed date"),
        "meeting_id": ("Meeting number", "Meeting reference", "Meeting ref"),
        "action": ("Action agreed", "Agreed action", "Actions", "Action description", "Action text", "What needs to be done"),
        "responsible": ("Responsible person", "Person responsible", "Who", "By whom", "Action owner", "Owner", "Lead",
                        "Who is responsible"),
        "due_date": ("Action due date", "Timescale", "By when", "Target date", "Due by", "Date due", "Due", "Deadline",
                     "When", "Complete by"),
        "completed_date": ("Action completed date", "Date completed", "Completion date", "Completed", "Completed on", "Date done",
                           "Action completed"),
    },
    "assessments": {
        "child_id": CHILD_ID,
        "assessment_type": ("Type of assessment", "Assessment", "Assessment name", "Assessment category"),
        "assessment_date": ("Date of assessment", "Assessment completed date", "Date assessment completed", "Assessment completion date",
                            "Assessment end date", "Date of authorisation", "Assessment authorised date",
                            "Continuous Assessment Date of Authorisation", "Assessment authorisation date",
                            "Assessment received date", "cina_assessment_auth_date"),
    },
    "changes": {
        "child_id": CHILD_ID,
        "change_date": ("Date of change", "Significant change date", "Date of significant change", "Event date",
                        "Significant event date", "Date of significant event"),
        "change": ("Significant change", "Change description", "Type of change", "Description of change", "Significant event",
                   "Details of change", "Change type"),
    },
    "proceedings": {
        "child_id": CHILD_ID,
        "issued": ("Date proceedings issued", "Proceedings issued", "Issue date", "Date of issue", "Proceedings start date",
                   "Date issued", "Court issue date", "Issued date", "Application date", "Date of application"),
        "concluded": ("Date proceedings concluded", "Proceedings concluded", "Proceedings end date", "Date concluded",
                      "Conclusion date", "Concluded date", "Final order date", "Date of final order"),
        "la_assessment": ("LA assessment completed", "Local authority assessment completed date", "LA assessment date",
                          "Local authority assessment completed", "Date LA assessment completed"),
        "experts_commissioned": ("Experts commissioned", "Expert assessment commissioned", "Expert commissioned",
                                 "Expert assessments ordered"),
        "experts_received": ("Expert assessments received", "Expert assessment received date", "Date expert assessments received",
                             "Expert report received date"),
        "plan_due": ("Final care plan due", "Final care plan filing date", "Final care plan to be filed by", "Final plan due date",
                     "Date final care plan due", "LA final evidence due date", "Final evidence due date"),
        "plan_filed": ("Final care plan filed", "Date final care plan filed", "Final plan filed date", "Final evidence filed date"),
        "order_sought": ("Order", "Orders sought", "Order applied for", "Application type", "Final order sought"),
    },
}  # fmt: skip

_START = ("Start date", "Start", "From", "Date from", "Date started", "Started", "Started on", "START_DATE", "STARTED_ON")
_END = ("End date", "End", "To", "Date to", "Date ended", "Ended", "END_DATE")
WEAK: dict[str, dict[str, tuple[str, ...]]] = {
    "cases": {"care_started": _START, "care_ceased": _END, "child_id": ("ID", "Number", "Reference")},
    "meetings": {"meeting_date": ("Date", "COMPLETED_ON"), "meeting_type": ("Type", "Name"), "child_id": ("ID",)},
    "reviews": {"review_date": ("Date", "Meeting date", "Date held"), "child_id": ("ID",)},
    "placements": {"placement_start": (*_START, "DECOM"), "placement_end": (*_END, "DEC"), "placement_type": ("Type",), "child_id": ("ID",)},
    "legal_statuses": {"legal_status_start": (*_START, "DECOM"), "legal_status_end": (*_END, "DEC"), "legal_status": ("Status", "Code"),
                       "child_id": ("ID",)},
    "allocations": {"allocation_start": _START, "allocation_end": _END, "worker": ("Name",), "child_id": ("ID",)},
    "actions": {"child_id": ("ID",), "action": ("Description",)},
    "assessments": {"assessment_date": ("Date", "End date", "Date completed", "Completed", "Completion date"), "assessment_type": ("Type",),
                    "child_id": ("ID",)},
    "changes": {"change_date": ("Date",), "change": ("Description", "Event", "Type"), "child_id": ("ID",)},
    "proceedings": {"issued": _START, "concluded": _END, "child_id": ("ID",)},
}  # fmt: skip

# What a sheet or file is called when it holds a dataset; used for WEAK headers and for saying what was probably meant.
TABLE_NAMES: dict[str, tuple[str, ...]] = {
    "cases": ("cases", "case list", "children", "children in care", "looked after children", "periods of care", "cla", "lac", "cic", "caseload"),
    "meetings": ("meetings", "care planning meetings", "cpm", "cpms", "care planning meeting"),
    "reviews": ("reviews", "lac reviews", "cla reviews", "cic reviews", "statutory reviews", "child in care reviews"),
    "placements": ("placements", "placement history"),
    "legal_statuses": ("legal statuses", "legal status", "legal status history"),
    "allocations": ("allocations", "allocation history", "worker history", "allocated workers", "involvements"),
    "actions": ("actions", "cpm actions", "meeting actions"),
    "assessments": ("assessments",),
    "changes": ("significant changes", "changes", "significant events"),
    "proceedings": ("proceedings", "care proceedings", "court proceedings"),
}  # fmt: skip
